#if canImport(UIKit)
  import UIKit

  /// Opens files that the user has picked outside of the app. A model's path names such a file as `bookmark:` and the
  /// base64 of its bookmark, because only a bookmark can be opened again after the app was restarted.
  ///
  /// Unchecked: `opened` changes only under `lock`.
  final class PickedFiles: FileAccess, @unchecked Sendable {
    private static let prefix = "bookmark:"
    private let lock = NSLock()
    /// Open URLs by path: a file may be opened twice at the same time.
    private var opened: [String: [URL]] = [:]

    func begin(path: String) throws -> String? {
      guard path.hasPrefix(Self.prefix) else { return nil }
      let url = try resolve(path)
      // This returns false for one of the app's own files, which needs no access.
      if url.startAccessingSecurityScopedResource() {
        lock.withLock { opened[path, default: []].append(url) }
      }
      return url.path
    }

    private func resolve(_ path: String) throws -> URL {
      do {
        let bookmark = Data(base64Encoded: String(path.dropFirst(Self.prefix.count))) ?? Data()
        var isStale = false
        return try URL(resolvingBookmarkData: bookmark, bookmarkDataIsStale: &isStale)
      } catch {
        let detail = "could not open a picked file: \(error.localizedDescription) - pick it again"
        throw PortError.Refused(code: "modelNotFound", detail: detail)
      }
    }

    func end(path: String) {
      let url = lock.withLock { opened[path]?.popLast() }
      url?.stopAccessingSecurityScopedResource()
    }
  }
#endif
