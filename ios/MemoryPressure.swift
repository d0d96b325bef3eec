#if canImport(UIKit)
  import UIKit

  /// Has the manager trim when the system is short of memory.
  final class MemoryPressure: Sendable {
    private let observation: Observation

    init(manager: ModelManager) {
      observation = Observation(of: UIApplication.didReceiveMemoryWarningNotification) { Self.trim(manager) }
    }

    // iOS warns once, and then kills an app that keeps too much memory.
    private static func trim(_ manager: ModelManager) {
      _ = manager.ask(command: #"{ "requestId": "memory", "type": "trim", "level": "critical" }"#)
    }
  }
#endif
