// The hold model on std::priority_queue: the physical anchor of the event-queue bench.
// Usage: hold-model PENDING EVENTS -> processor seconds of EVENTS pop-and-push rounds.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <queue>
#include <vector>

struct Event {
  double time;
  uint64_t seq;
  uint32_t slot;
};
struct Later {
  bool operator()(const Event &a, const Event &b) const { return a.time > b.time || (a.time == b.time && a.seq > b.seq); }
};

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const uint32_t pending = static_cast<uint32_t>(atoi(argv[1]));
  const uint64_t events = static_cast<uint64_t>(atoll(argv[2]));
  std::priority_queue<Event, std::vector<Event>, Later> queue;
  uint32_t state = 12345;
  std::vector<uint32_t> delays(1 << 20);
  for (auto &delay : delays) { state ^= state << 13; state ^= state >> 17; state ^= state << 5; delay = state % 1000000u; }
  uint64_t seq = 0;
  for (uint32_t i = 0; i < pending; i++) queue.push({static_cast<double>(delays[i & 0xfffff]), seq++, i});
  const clock_t start = clock();
  double sum = 0;
  for (uint64_t i = 0; i < events; i++) {
    const Event event = queue.top();
    queue.pop();
    sum += event.time;
    queue.push({event.time + delays[i & 0xfffff], seq++, event.slot});
  }
  std::printf("%.6f\n", static_cast<double>(clock() - start) / CLOCKS_PER_SEC);
  return sum < 0;
}
