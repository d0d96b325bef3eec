#if canImport(UIKit)
  import UIKit

  /// Suspends the manager in the background, resumes it in the foreground, and passes on the device's heat.
  final class Lifecycle: Sendable {
    private let observations: [Observation]

    /// `finishesGenerations` says whether generations may be finished in the background, as long as the system allows
    /// it.
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

    /// Whether the app's Info.plist opts in to finishing generations in the background.
    static var isOptedIn: Bool {
      Bundle.main.object(forInfoDictionaryKey: "LlamaFinishInBackground") as? Bool ?? false
    }

    // Keeps the app running until the manager has answered.
    @MainActor private static func suspend(_ manager: ModelManager, _ finishesGenerations: Bool) {
      let application = UIApplication.shared
      let task = application.beginBackgroundTask(withName: "llama") {
        // The system leaves the app a few more seconds.
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

    // Before the app is in the background, its remaining time is the greatest number there is.
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
