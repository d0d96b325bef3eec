import type { ConfigPlugin } from '@expo/config-plugins';

/**
 * Options of the plugin in `app.json`: `["react-native-llama-rs", { "finishInBackground": "Finishing the answer" }]`.
 */
export interface LlamaPluginOptions {
  /**
   * Lets an app finish a running answer in the background. Without this, the answer waits until the app returns.
   *
   * On Android a foreground service finishes the answer, for at most three minutes. The value is the text of the
   * notification that it shows meanwhile. On iOS the system allows about half a minute, and no notification is shown.
   */
  readonly finishInBackground?: string;
}

declare const withLlama: ConfigPlugin<LlamaPluginOptions | undefined>;
export default withLlama;
