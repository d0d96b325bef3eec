// Expo's config plugin: what an app declares to Android and to iOS, written at prebuild from options of app.json.
import { withAndroid } from './plugin/android.js';
import { withIos } from './plugin/ios.js';

const OPTIONS = ['finishInBackground'];

// By default: Expo takes what a plugin's file exports so.
export default function withLlama(config, options = {}) {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) {
      throw new Error(`react-native-llama-rs: no such plugin option: ${name} - one of ${OPTIONS.join(', ')}`);
    }
  }
  return withIos(withAndroid(config, options), options);
}
