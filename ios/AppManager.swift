import Foundation

/// The process's model manager, connected to iOS: files, storage, memory warnings, app lifecycle and heat. The first
/// module makes it, and nothing ends it: models and conversations outlive JavaScript.
final class AppManager: Sendable {
  static let shared = AppManager()

  let manager = ModelManager.global()
  #if canImport(UIKit)
    private let memoryPressure: MemoryPressure
    private let lifecycle: Lifecycle
  #endif

  private init() {
    #if canImport(UIKit)
      openFilesWith(access: PickedFiles())
      memoryPressure = MemoryPressure(manager: manager)
      lifecycle = Lifecycle(manager: manager)
    #endif
    Self.keepScopes(of: manager)
  }

  static func keepScopes(of manager: ModelManager) {
    do {
      try manager.keepIn(directory: ScopeDirectory.make().path)
    } catch {
      // Conversations stay in memory. A command that needs the directory is refused with the reason.
      NSLog("llama: conversations are not saved: %@", "\(error)")
    }
  }
}
