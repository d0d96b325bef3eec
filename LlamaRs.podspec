require 'json'

package = JSON.parse(File.read(File.join(__dir__, 'package.json')))
library = 'ios/llama_rsFFI.xcframework'

# The published package contains the library. A checkout builds it here: CocoaPods runs no script of a pod that is found by
# its path.
unless File.directory?(File.join(__dir__, library))
  system(File.join(__dir__, 'scripts/build-ios.sh')) || raise("react-native-llama-rs: scripts/build-ios.sh failed")
end

Pod::Spec.new do |s|
  s.name = 'LlamaRs'
  s.version = package['version']
  s.summary = package['description']
  s.homepage = 'https://www.npmjs.com/package/react-native-llama-rs'
  s.license = package['license']
  s.authors = "#{package['name']}'s authors"
  s.source = { path: '.' }

  s.platforms = { ios: '15.1' }
  s.swift_version = '5.9'
  s.source_files = 'ios/*.{swift,mm}', 'ios/generated/*.swift'
  s.exclude_files = 'ios/Package.swift'
  s.vendored_frameworks = library
  s.resource_bundles = { 'LlamaRs' => ['ios/PrivacyInfo.xcprivacy'] }
  # RNLlamaRs.mm includes the generated header of the Swift classes.
  s.pod_target_xcconfig = { 'DEFINES_MODULE' => 'YES' }

  install_modules_dependencies(s)
end
