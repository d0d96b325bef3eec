#if canImport(UIKit)
  import UIKit

  /// Tells the manager when the app goes to the background, when it comes back, and how hot the device is.
  final class Lifecycle: Sendable {
    private let observations: [Observation]

    /// `finishesGenerations`: whether what runs or waits may be finished in the background, as far as the system lets it.
    init(manager: ModelManager, finishesGenerations: Bool = Lifecycle.isOptedIn) {
      observations = [
        Observation(of: UIApplication.didEnterBackgroundNotification) {
          MainActor.assumeIsolated { Self.suspend(manager, finishesGenerations) }
        },
        Observation(of: UIApplication.willEnterForegroundNotification) { Self.resume(manager) },
        Observation(of: ProcessInfo.thermalStateDidChangeNotification) { Self.setHeat(manager) },
      ]
      Self.setHeat(manager)
    }

    /// The app's own word for it, in its Info.plist.
    static var isOptedIn: Bool {
      Bundle.main.object(forInfoDictionaryKey: "LlamaFinishInBackground") as? Bool ?? false
    }

    // The app is kept running until the manager has answered.
    @MainActor private static func suspend(_ manager: ModelManager, _ finishesGenerations: Bool) {
      let application = UIApplication.shared
      let task = application.beginBackgroundTask(withName: "llama") {
        // Some seconds are left.
        _ = manager.ask(command: #"{ "requestId": "background", "type": "suspend", "deadlineMs": 1000 }"#)
      }
      let after = finishesGenerations ? #", "after": "generations""# : ""
      let deadline = milliseconds(application.backgroundTimeRemaining)
      let suspended = manager.ask(
        command: #"{ "requestId": "background", "type": "suspend", "deadlineMs": \#(deadline)\#(after) }"#
      )
      Thread.detachNewThread {
        _ = suspended.event()
        DispatchQueue.main.async { UIApplication.shared.endBackgroundTask(task) }
      }
    }

    // An app that is not in the background yet has no end of it: the number is then beyond all others.
    private static func milliseconds(_ seconds: TimeInterval) -> UInt32 {
      UInt32(min(max(seconds, 0), 60) * 1000)
    }

    private static func resume(_ manager: ModelManager) {
      _ = manager.ask(command: #"{ "requestId": "foreground", "type": "resume" }"#)
    }

    private static func setHeat(_ manager: ModelManager) {
      let heat = word(for: ProcessInfo.processInfo.thermalState)
      _ = manager.ask(command: #"{ "requestId": "heat", "type": "setHeat", "heat": "\#(heat)" }"#)
    }

    static func word(for state: ProcessInfo.ThermalState) -> String {
      switch state {
      case .nominal: "nominal"
      case .fair: "fair"
      case .serious: "serious"
      case .critical: "critical"
      @unknown default: "critical"
      }
    }
  }
#endif
