// What an app's entitlements and Info.plist say for iOS.
export const withIos = (config) => config;
