// For jest only; the package is built by bob with its own preset.
module.exports = { presets: ['module:@react-native/babel-preset'] };
