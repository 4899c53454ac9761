/**
 * JUnit XML: a suite per scenario, a case per expectation.
 */
export interface TestedScenario {
  readonly file: string;
  readonly scenario: string;
  readonly seed: string | number;
  /** Empty when the run did not end. */
  readonly digest: string;
  readonly wallSeconds: number;
  /** Why there is no outcome: an internal error, or `interrupted`; empty when there is one. */
  readonly error: string;
  readonly expectations: readonly { readonly text: string; readonly status: string; readonly measured: string; readonly detail: string }[];
}

export function renderJunit(scenarios: readonly TestedScenario[]): string {
  const suites = scenarios.map(renderSuite).join('');
  const cases = scenarios.reduce((sum, scenario) => sum + caseCount(scenario), 0);
  const failures = scenarios.reduce((sum, scenario) => sum + failureCount(scenario), 0);
  const errors = scenarios.filter((scenario) => scenario.error !== '').length;
  const seconds = scenarios.reduce((sum, scenario) => sum + scenario.wallSeconds, 0).toFixed(3);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="seatrial" tests="${cases}" failures="${failures}" errors="${errors}" time="${seconds}">\n${suites}</testsuites>\n`;
}

function caseCount(scenario: TestedScenario): number {
  return scenario.expectations.length + (scenario.error === '' ? 0 : 1);
}

function failureCount(scenario: TestedScenario): number {
  return scenario.expectations.filter((expectation) => expectation.status !== 'met').length;
}

function renderSuite(scenario: TestedScenario): string {
  const { file, scenario: name, seed, digest, wallSeconds, error } = scenario;
  const head = `  <testsuite name="${escapeXml(name)}" tests="${caseCount(scenario)}" failures="${failureCount(scenario)}" errors="${error === '' ? 0 : 1}" time="${wallSeconds.toFixed(3)}">\n`;
  const properties = [
    ['file', file],
    ['seed', String(seed)],
    ['digest', digest],
  ].map(([key, value]) => `      <property name="${key}" value="${escapeXml(value!)}"/>\n`);
  const cases = scenario.expectations.map((expectation) => {
    const open = `    <testcase classname="${escapeXml(name)}" name="${escapeXml(expectation.text)}"`;
    if (expectation.status === 'met') return `${open}/>\n`;
    return `${open}>\n      <failure message="${escapeXml(expectation.detail)}"/>\n    </testcase>\n`;
  });
  if (error !== '')
    cases.push(
      `    <testcase classname="${escapeXml(name)}" name="the run ends">\n      <error message="${escapeXml(error)}"/>\n    </testcase>\n`,
    );
  return `${head}    <properties>\n${properties.join('')}    </properties>\n${cases.join('')}  </testsuite>\n`;
}

function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' };
  const escaped = text.replace(/[&<>"\n]/g, (found) => entities[found]!);
  // Other control characters are not allowed in XML at all.
  return [...escaped].map((character) => (character < ' ' ? ' ' : character)).join('');
}
