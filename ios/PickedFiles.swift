#if canImport(UIKit)
  import UIKit

  /// Files that a person picked outside of the app. A model's path names one as `bookmark:` and the base64 of its bookmark:
  /// only by that can it be opened again after the app was restarted.
  ///
  /// Unchecked: `opened` changes under `lock`.
  final class PickedFiles: FileAccess, @unchecked Sendable {
    private static let prefix = "bookmark:"
    private let lock = NSLock()
    /// By path: the same file may be read for two reasons at a time.
    private var opened: [String: [URL]] = [:]

    func begin(path: String) throws -> String? {
      guard path.hasPrefix(Self.prefix) else { return nil }
      let url = try resolve(path)
      // Not so for a file of the app's own, which needs no access.
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
