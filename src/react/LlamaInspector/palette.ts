import { useColorScheme } from 'react-native';

/** The inspector's colours for the system's light or dark mode. Text has a contrast of at least 4.5. */
export interface Palette {
  readonly card: string;
  readonly border: string;
  /** The border of buttons. */
  readonly outline: string;
  readonly text: string;
  readonly quiet: string;
  readonly track: string;
  readonly accent: string;
  readonly accentText: string;
  readonly good: string;
  readonly warning: string;
  readonly bad: string;
  /** One colour per use of memory. Their lightness differs, for people without colour vision. */
  readonly parts: {
    readonly weights: string;
    readonly kv: string;
    readonly compute: string;
    readonly residents: string;
  };
}

const LIGHT: Palette = {
  card: '#ffffff',
  border: '#e1e4ea',
  outline: '#b9bfcc',
  text: '#171a21',
  quiet: '#5a6272',
  track: '#eceef3',
  accent: '#4550c8',
  accentText: '#ffffff',
  good: '#1a7f4b',
  warning: '#9a5b00',
  bad: '#c0322b',
  parts: { weights: '#2c3592', kv: '#6b76e8', compute: '#a9b2f5', residents: '#d08a2e' },
};

const DARK: Palette = {
  card: '#1a1d24',
  border: '#2d323d',
  outline: '#4c5464',
  text: '#eef0f5',
  quiet: '#a2abba',
  track: '#2a2f39',
  accent: '#8f9aff',
  accentText: '#10131c',
  good: '#58c98c',
  warning: '#e6ad4d',
  bad: '#ff8078',
  parts: { weights: '#c5cbff', kv: '#8f9aff', compute: '#5660b5', residents: '#e6ad4d' },
};

/** Returns the colours of the system's current mode. */
export function usePalette(): Palette {
  return useColorScheme() === 'dark' ? DARK : LIGHT;
}
