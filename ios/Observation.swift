import Foundation

/// What is called for a notification, on the thread that posts it, for as long as this lives.
///
/// Unchecked: the token is never touched but to be handed back.
final class Observation: @unchecked Sendable {
  private let token: NSObjectProtocol

  init(of name: NSNotification.Name, _ handle: @escaping @Sendable () -> Void) {
    token = NotificationCenter.default.addObserver(forName: name, object: nil, queue: nil) { _ in handle() }
  }

  deinit {
    NotificationCenter.default.removeObserver(token)
  }
}
