import { Page } from '../Page';

/** A page whose text can be read back. */
export function paper(about: { isTTY?: boolean; columns?: number; env?: Record<string, string> } = {}) {
  let text = '';
  const { env = {}, ...output } = about;
  const write = (piece: string) => {
    text += piece;
  };
  return { page: new Page({ write, ...output }, env), text: () => text };
}
