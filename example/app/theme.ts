import { useColorScheme } from 'react-native';

/** The app's colours. Each text colour has a contrast of at least 4.5 on its background. */
export interface Theme {
  readonly ground: string;
  readonly card: string;
  readonly border: string;
  /** The border of buttons and fields. */
  readonly outline: string;
  readonly text: string;
  readonly quiet: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly mine: string;
  readonly onMine: string;
  readonly code: string;
  readonly good: string;
  readonly goodGround: string;
  readonly warning: string;
  readonly warningGround: string;
  readonly bad: string;
  readonly badGround: string;
}

const LIGHT: Theme = {
  ground: '#f5f6fa',
  card: '#ffffff',
  border: '#e1e4ea',
  outline: '#b9bfcc',
  text: '#171a21',
  quiet: '#5a6272',
  accent: '#4550c8',
  onAccent: '#ffffff',
  mine: '#4550c8',
  onMine: '#ffffff',
  code: '#eef0f6',
  good: '#17693f',
  goodGround: '#e3f4ea',
  warning: '#7c4a00',
  warningGround: '#fdf1db',
  bad: '#a92a24',
  badGround: '#fdeceb',
};

const DARK: Theme = {
  ground: '#111318',
  card: '#1a1d24',
  border: '#2d323d',
  outline: '#4c5464',
  text: '#eef0f5',
  quiet: '#a2abba',
  accent: '#8f9aff',
  onAccent: '#10131c',
  mine: '#3a44a8',
  onMine: '#ffffff',
  code: '#252a34',
  good: '#6bd49a',
  goodGround: '#15301f',
  warning: '#f0bd66',
  warningGround: '#352810',
  bad: '#ff938c',
  badGround: '#3a1b1b',
};

/** The colours of the system's current scheme. */
export function useTheme(): Theme {
  return useColorScheme() === 'dark' ? DARK : LIGHT;
}
