import Foundation

/// The directory of saved conversations.
enum ScopeDirectory {
  /// Makes `llama` in the app's `Application Support`, unless it exists. Throws the error of the file system.
  static func make() throws -> URL {
    let support = try FileManager.default
      .url(for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
    var directory = support.appendingPathComponent("llama", isDirectory: true)
    // Files inherit the protection of their directory. It is not the strictest one, because a suspended app saves while
    // the phone is locked.
    try FileManager.default.createDirectory(
      at: directory,
      withIntermediateDirectories: true,
      attributes: [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication]
    )
    // Backups exclude conversations, because they are private and their KV is large.
    var values = URLResourceValues()
    values.isExcludedFromBackup = true
    try directory.setResourceValues(values)
    return directory
  }
}
