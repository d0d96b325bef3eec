// What an app's entitlements and Info.plist say for iOS: that it may take more memory than an app usually may, and whether
// an answer may be finished in the background (ios/Lifecycle.swift).
import { withEntitlementsPlist, withInfoPlist } from '@expo/config-plugins';

const INCREASED_MEMORY = 'com.apple.developer.kernel.increased-memory-limit';
const FINISH_IN_BACKGROUND = 'LlamaFinishInBackground';

export const withIos = (config, { finishInBackground }) =>
  withInfoPlist(withIncreasedMemory(config), (config) => {
    if (finishInBackground) {
      config.modResults[FINISH_IN_BACKGROUND] = true;
    } else {
      // A prebuild on top of an earlier one.
      delete config.modResults[FINISH_IN_BACKGROUND];
    }
    return config;
  });

const withIncreasedMemory = (config) =>
  withEntitlementsPlist(config, (config) => {
    config.modResults[INCREASED_MEMORY] = true;
    return config;
  });
