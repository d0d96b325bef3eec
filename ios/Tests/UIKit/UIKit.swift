@_exported import Foundation

// Stands in for the parts of UIKit and Apple's Foundation that the module uses, with the same names and types, on a
// system without them. It decides nothing: the tests play the system.

/// The app, as the tests set it.
@MainActor public final class UIApplication: NSObject {
  public static let shared = UIApplication()
  public nonisolated static let didEnterBackgroundNotification = NSNotification.Name("didEnterBackground")
  public nonisolated static let willEnterForegroundNotification = NSNotification.Name("willEnterForeground")
  public nonisolated static let didReceiveMemoryWarningNotification = NSNotification.Name("didReceiveMemoryWarning")

  public var backgroundTimeRemaining: TimeInterval = .greatestFiniteMagnitude
  /// The tasks that have begun and not ended, each with its expiration handler.
  public private(set) var tasks: [UIBackgroundTaskIdentifier: @MainActor @Sendable () -> Void] = [:]
  private var tasksBegun = 0

  public func beginBackgroundTask(
    withName taskName: String?, expirationHandler handler: (@MainActor @Sendable () -> Void)? = nil
  ) -> UIBackgroundTaskIdentifier {
    tasksBegun += 1
    let task = UIBackgroundTaskIdentifier(rawValue: tasksBegun)
    tasks[task] = handler ?? {}
    return task
  }

  public func endBackgroundTask(_ identifier: UIBackgroundTaskIdentifier) {
    tasks[identifier] = nil
  }
}

public struct UIBackgroundTaskIdentifier: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int

  public init(rawValue: Int) {
    self.rawValue = rawValue
  }
}

extension ProcessInfo {
  public enum ThermalState: Int, Sendable {
    case nominal, fair, serious, critical
  }

  public static let thermalStateDidChangeNotification = NSNotification.Name("thermalStateDidChange")

  public var thermalState: ThermalState {
    Played.shared.with { $0.thermalState }
  }
}

extension URL {
  /// Resolves a bookmark to the file that `Played` has for it.
  public init(resolvingBookmarkData data: Data, bookmarkDataIsStale: inout Bool) throws {
    guard let file = Played.shared.with({ $0.bookmarks[data] }) else { throw CocoaError(.fileNoSuchFile) }
    self = try file()
  }

  public func startAccessingSecurityScopedResource() -> Bool {
    Played.shared.with { played in
      if !played.needsAccess { return false }
      played.accesses[path, default: 0] += 1
      return true
    }
  }

  public func stopAccessingSecurityScopedResource() {
    Played.shared.with { $0.accesses[path, default: 0] -= 1 }
  }
}

/// The state of the played system.
public final class Played: @unchecked Sendable {
  public static let shared = Played()

  public struct State {
    public var thermalState = ProcessInfo.ThermalState.nominal
    public var bookmarks: [Data: @Sendable () throws -> URL] = [:]
    public var needsAccess = true
    /// The number of accesses that have begun and not ended, by path.
    public var accesses: [String: Int] = [:]

    public init() {}
  }

  private let lock = NSLock()
  private var state = State()

  public func with<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&state)
  }
}
