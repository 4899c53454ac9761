/**
 * The few parts of the browser's document that the page script uses, described here so that the rest of the code base is
 * compiled without browser types.
 */
export interface PageElement {
  innerHTML: string;
  textContent: string | null;
  readonly clientWidth: number;
  readonly dataset: Record<string, string | undefined>;
  readonly style: Record<string, string>;
  readonly open?: boolean;
  className: string;
  id: string;
  setAttribute(name: string, value: string): void;
  appendChild(child: PageElement): void;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  getBoundingClientRect(): { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  addEventListener(type: string, listener: (event: PageEvent) => void, capture?: boolean): void;
  closest(selector: string): PageElement | null;
  remove(): void;
}

export interface PageEvent {
  readonly target: PageElement;
  readonly clientX: number;
  readonly clientY: number;
}

export interface PageDocument {
  readonly body: PageElement;
  readonly documentElement: PageElement;
  getElementById(id: string): PageElement | null;
  createElement(tag: string): PageElement;
  createElementNS(namespace: string, tag: string): PageElement;
  addEventListener(type: string, listener: (event: PageEvent) => void, capture?: boolean): void;
}

export interface PageWindow {
  readonly innerWidth: number;
  readonly innerHeight: number;
  readonly scrollX: number;
  readonly scrollY: number;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  matchMedia(query: string): { readonly matches: boolean };
  requestAnimationFrame(run: () => void): number;
}

interface Globals {
  readonly document: PageDocument;
  readonly window: PageWindow;
}

export const page: Globals = globalThis as unknown as Globals;
