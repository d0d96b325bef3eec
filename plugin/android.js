// Declares in an app's manifest that an answer may be finished in the background: the text of the notification, which
// com.llamars.GenerationService reads, and the permission for that service.
import { AndroidConfig, withAndroidManifest } from '@expo/config-plugins';

const FINISH_IN_BACKGROUND = 'com.llamars.FINISH_IN_BACKGROUND';
const SERVICE_PERMISSION = 'android.permission.FOREGROUND_SERVICE';

export const withAndroid = (config, { finishInBackground }) =>
  withAndroidManifest(config, (config) => {
    const manifest = config.modResults;
    const application = AndroidConfig.Manifest.getMainApplicationOrThrow(manifest);
    if (finishInBackground) {
      AndroidConfig.Manifest.addMetaDataItemToMainApplication(application, FINISH_IN_BACKGROUND, finishInBackground);
      AndroidConfig.Permissions.ensurePermission(manifest, SERVICE_PERMISSION);
    } else {
      // An earlier prebuild may have added the text. The permission stays, because another package may need it.
      AndroidConfig.Manifest.removeMetaDataItemFromMainApplication(application, FINISH_IN_BACKGROUND);
    }
    return config;
  });
