#if canImport(UIKit)
  import UIKit

  /// Tells the manager when the system wants memory back.
  final class MemoryPressure: Sendable {
    private let observation: Observation

    init(manager: ModelManager) {
      observation = Observation(of: UIApplication.didReceiveMemoryWarningNotification) { Self.trim(manager) }
    }

    // There is one warning, and whoever keeps too much is ended next.
    private static func trim(_ manager: ModelManager) {
      _ = manager.ask(command: #"{ "requestId": "memory", "type": "trim", "level": "critical" }"#)
    }
  }
#endif
