// The controls of both pages, from @vscode/webview-ui-toolkit. The toolkit is deprecated (January 2025): nothing else
// imports it, so that replacing it means rewriting this file. Its style is controls.css.

import './controls.css';
import {
  type Button,
  type Checkbox,
  type Dropdown,
  type TextField,
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { type Child, element, fill, setAttributes } from '../dom/element';

provideVSCodeDesignSystem().register(
  vsCodeBadge(),
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodeTextField(),
);

export interface Control<Value> {
  readonly root: HTMLElement;
  /** True for a control that draws its label itself. */
  readonly showsLabel?: boolean;
  value(): Value;
  set(value: Value): void;
  enable(enabled: boolean): void;
  /** Marks the entry as wrong, for the eye and for a screen reader; `undefined` clears the mark. */
  invalid(describedBy: string | undefined): void;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly disabled?: boolean;
}

export interface ButtonControl {
  readonly root: HTMLElement;
  label(text: string): void;
  enable(enabled: boolean): void;
}

export function button(label: string, appearance: 'primary' | 'secondary' | 'icon', onClick: () => void, content?: Child): ButtonControl {
  const root = make('vscode-button', { appearance, 'aria-label': content === undefined ? undefined : label, title: content === undefined ? undefined : label }, content ?? label) as Button;
  root.addEventListener('click', () => {
    if (!root.disabled) onClick();
  });
  return {
    root,
    label: (text) => fill(root, text),
    enable: (enabled) => setAttributes(root, { disabled: !enabled }),
  };
}

export function textField(label: string, start: string, onInput: (value: string) => void, options: { readonly placeholder?: string; readonly before?: Element } = {}): Control<string> {
  // The toolkit's field takes its accessible name from its text, whatever its aria-label says.
  const root = make('vscode-text-field', { placeholder: options.placeholder, value: start }, label) as TextField;
  if (options.before !== undefined) {
    options.before.setAttribute('slot', 'start');
    root.append(options.before);
  }
  root.addEventListener('input', () => onInput(root.value));
  return {
    root,
    showsLabel: true,
    value: () => root.value,
    set: (value) => (root.value = value),
    enable: (enabled) => setAttributes(root, { disabled: !enabled }),
    invalid: (id) => setAttributes(root, { 'aria-invalid': id === undefined ? undefined : 'true', 'aria-describedby': id }),
  };
}

export function checkbox(label: string, start: boolean, onChange: (value: boolean) => void): Control<boolean> {
  const root = make('vscode-checkbox', {}, label) as Checkbox;
  root.checked = start;
  root.addEventListener('change', () => onChange(root.checked));
  return {
    root,
    value: () => root.checked,
    set: (value) => (root.checked = value),
    enable: (enabled) => setAttributes(root, { disabled: !enabled }),
    invalid: (id) => setAttributes(root, { 'aria-describedby': id }),
  };
}

export interface DropdownControl extends Control<string> {
  choices(choices: readonly Choice[], value: string): void;
}

export function dropdown(label: string, choices: readonly Choice[], start: string, onChange: (value: string) => void): DropdownControl {
  const root = make('vscode-dropdown', { 'aria-label': label }) as Dropdown;
  let current = start;
  const setChoices = (list: readonly Choice[], value: string): void => {
    current = value;
    fill(root, ...list.map((choice) => make('vscode-option', { value: choice.value, disabled: choice.disabled === true, selected: choice.value === value }, choice.label)));
    // The toolkit reads its options a moment after they are in the page.
    requestAnimationFrame(() => (root.value = current));
  };
  setChoices(choices, start);
  root.addEventListener('change', () => {
    current = root.value;
    onChange(current);
  });
  return {
    root,
    value: () => current,
    set(value) {
      current = value;
      root.value = value;
    },
    choices: setChoices,
    enable: (enabled) => setAttributes(root, { disabled: !enabled }),
    invalid: (id) => setAttributes(root, { 'aria-invalid': id === undefined ? undefined : 'true', 'aria-describedby': id }),
  };
}

export function badge(text: string): HTMLElement {
  return make('vscode-badge', {}, text);
}

/** The toolkit's ring carries an inline style in its template, which the page's policy forbids; this one is plain CSS. */
export function progressRing(label: string): HTMLElement {
  return element('span', { class: 'ring', role: 'progressbar', 'aria-label': label });
}

function make(tag: string, attributes: Readonly<Record<string, string | boolean | undefined>>, ...children: readonly Child[]): HTMLElement {
  return element(tag as 'div', attributes, ...children);
}
