// Used by jest only: bob builds the package with its own preset.
module.exports = { presets: ['module:@react-native/babel-preset'] };
