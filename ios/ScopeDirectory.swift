import Foundation

/// Where conversations are saved.
enum ScopeDirectory {
  /// Makes `llama` in the app's `Application Support`, unless it is there. Throws what the file system says.
  static func make() throws -> URL {
    let support = try FileManager.default
      .url(for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
    var directory = support.appendingPathComponent("llama", isDirectory: true)
    // Files take the protection of the directory that they are made in. Not the strictest one: a suspended app saves while
    // the phone is locked.
    try FileManager.default.createDirectory(
      at: directory,
      withIntermediateDirectories: true,
      attributes: [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication]
    )
    // A conversation is its person's, and its cache is large: neither belongs into a backup.
    var values = URLResourceValues()
    values.isExcludedFromBackup = true
    try directory.setResourceValues(values)
    return directory
  }
}
