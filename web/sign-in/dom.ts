// Elements without a framework, and the manners of a form: labels, one announced error, no second click while it works.
import { Refused } from './api';

type Child = Node | string | false | null | undefined;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean | ((event: Event) => void)> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

/** Replaces the page; the heading gets the focus, so that a screen reader begins there. */
export function show(title: string, ...children: Child[]): void {
  const heading = h('h1', { tabindex: '-1' }, title);
  document.title = `${title} - Kualik`;
  document
    .getElementById('main')!
    .replaceChildren(heading, ...children.filter((child) => Boolean(child)).map((child) => child as Node));
  window.scrollTo(0, 0);
  heading.focus();
}

let fields = 0;

export interface Field {
  row: HTMLElement;
  input: HTMLInputElement;
}

export function field(label: string, attributes: Record<string, string | boolean>, hint?: string): Field {
  const id = `field-${++fields}`;
  const input = h('input', {
    id,
    autocapitalize: 'none',
    spellcheck: 'false',
    ...(hint ? { 'aria-describedby': `${id}-hint` } : {}),
    ...attributes,
  });
  const row = h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    hint && h('p', { id: `${id}-hint`, class: 'hint' }, hint),
    input,
  );
  return { row, input };
}

/** A password field with a button that shows what was typed. */
export function password(label: string, attributes: Record<string, string | boolean>, hint?: string): Field {
  const made = field(label, { type: 'password', required: true, ...attributes }, hint);
  const toggle = h(
    'button',
    { type: 'button', class: 'plain', 'aria-pressed': 'false', 'aria-controls': made.input.id },
    'Show',
  );
  toggle.setAttribute('aria-label', `Show ${label.toLowerCase()}`);
  toggle.addEventListener('click', () => {
    const shown = made.input.type === 'password';
    made.input.type = shown ? 'text' : 'password';
    toggle.setAttribute('aria-pressed', String(shown));
    toggle.textContent = shown ? 'Hide' : 'Show';
  });
  const line = h('div', { class: 'line' });
  made.input.replaceWith(line);
  line.append(made.input, toggle);
  return made;
}

/** One region for errors in each form or group of buttons: it is there before it speaks, else nobody hears it. */
export function alertBox(): { box: HTMLElement; say(text: string): void } {
  const box = h('div', { role: 'alert', class: 'alert' });
  return { box, say: (text) => (box.textContent = text) };
}

const sentenceOf = (error: unknown): string =>
  error instanceof Refused
    ? error.message
    : (error as Error).name === 'NotAllowedError'
      ? 'Nothing was confirmed on your device. Try again when you are ready.'
      : `This did not work: ${(error as Error).message}`;

/** Runs once at a time; an error is announced, and the field it is about gets the focus. */
export async function guarded(
  busy: HTMLElement,
  alert: { say(text: string): void },
  work: () => Promise<void>,
  inputs: Record<string, HTMLInputElement> = {},
): Promise<void> {
  if (busy.getAttribute('aria-busy') === 'true') return;
  busy.setAttribute('aria-busy', 'true');
  alert.say('');
  for (const input of Object.values(inputs)) input.removeAttribute('aria-invalid');
  try {
    await work();
  } catch (error) {
    alert.say(sentenceOf(error));
    const wrong = error instanceof Refused && error.field !== undefined ? inputs[error.field] : undefined;
    wrong?.setAttribute('aria-invalid', 'true');
    wrong?.focus();
  } finally {
    busy.removeAttribute('aria-busy');
  }
}

export function form(
  parts: { fields: Record<string, Field>; submit: string; before?: Child[]; after?: Child[]; label?: string },
  work: (values: Record<string, string>) => Promise<void>,
): HTMLFormElement {
  const alert = alertBox();
  const inputs = Object.fromEntries(Object.entries(parts.fields).map(([name, { input }]) => [name, input]));
  const made = h(
    'form',
    { ...(parts.label ? { 'aria-label': parts.label } : {}) },
    ...(parts.before ?? []),
    ...Object.values(parts.fields).map(({ row }) => row),
    alert.box,
    h('button', { type: 'submit' }, parts.submit),
    ...(parts.after ?? []),
  );
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    const values = Object.fromEntries(Object.entries(inputs).map(([name, { value }]) => [name, value]));
    void guarded(made, alert, () => work(values), inputs);
  });
  return made;
}

/** A button that works by itself, with its own place for errors. */
export function action(text: string, work: () => Promise<void>, attributes: Record<string, string> = {}): HTMLElement {
  const alert = alertBox();
  const button = h('button', { type: 'button', class: 'second', ...attributes }, text);
  button.addEventListener('click', () => void guarded(button, alert, work));
  return h('div', { class: 'action' }, button, alert.box);
}
