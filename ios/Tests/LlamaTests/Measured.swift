import Foundation

#if canImport(Darwin)
  import Darwin
#endif

/// Measures this process.
enum Measured {
  #if os(Linux)
    static func threads() -> Int {
      number(after: "Threads:", in: "/proc/self/status")
    }

    /// Returns the bytes of private memory that this process has written to.
    static func dirtyBytes() -> Int {
      number(after: "Private_Dirty:", in: "/proc/self/smaps_rollup") * 1024
    }

    private static func number(after name: String, in file: String) -> Int {
      let line = try! String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").first { $0.hasPrefix(name) }
      return Int(line!.split(whereSeparator: \.isWhitespace)[1])!
    }
  #else
    static func threads() -> Int {
      var list: thread_act_array_t?
      var count: mach_msg_type_number_t = 0
      guard task_threads(mach_task_self_, &list, &count) == KERN_SUCCESS, let list else { return 0 }
      for index in 0..<Int(count) { mach_port_deallocate(mach_task_self_, list[index]) }
      let bytes = vm_size_t(Int(count) * MemoryLayout<thread_act_t>.stride)
      vm_deallocate(mach_task_self_, vm_address_t(UInt(bitPattern: list)), bytes)
      return Int(count)
    }

    static func dirtyBytes() -> Int {
      var info = task_vm_info_data_t()
      var count = mach_msg_type_number_t(MemoryLayout<task_vm_info_data_t>.size / MemoryLayout<integer_t>.size)
      let result = withUnsafeMutablePointer(to: &info) {
        $0.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
          task_info(mach_task_self_, task_flavor_t(TASK_VM_INFO), $0, &count)
        }
      }
      return result == KERN_SUCCESS ? Int(info.phys_footprint) : 0
    }
  #endif
}
