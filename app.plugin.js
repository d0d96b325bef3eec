// Expo's config plugin. At prebuild it writes the app's declarations for Android and iOS, from options in app.json.
import { withAndroid } from './plugin/android.js';
import { withIos } from './plugin/ios.js';

const OPTIONS = ['finishInBackground'];

// Expo uses the default export of a plugin's file.
export default function withLlama(config, options = {}) {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) {
      throw new Error(`react-native-llama-rs: no such plugin option: ${name} - one of ${OPTIONS.join(', ')}`);
    }
  }
  return withIos(withAndroid(config, options), options);
}
