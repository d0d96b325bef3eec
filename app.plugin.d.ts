import type { ConfigPlugin } from '@expo/config-plugins';

/** Options of the plugin in `app.json`: `["react-native-llama-rs", { "finishInBackground": "Finishing the answer" }]`. */
export interface LlamaPluginOptions {
  /**
   * Android: an answer that is being written when the app goes to the background is finished there, by a foreground
   * service, for three minutes at most. This is the text of the notification that it shows meanwhile. Without it, the
   * answer waits for the app's return. iOS: the same for as long as the system lets it, about half a minute, and without a
   * notification.
   */
  readonly finishInBackground?: string;
}

declare const withLlama: ConfigPlugin<LlamaPluginOptions | undefined>;
export default withLlama;
