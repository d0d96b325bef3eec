//! How much memory is free. A load must ask, because Linux hands out more than it has, and kills later.

/// Bytes that are free without pushing anything else out. None where the system does not say.
pub(super) fn available_bytes() -> Option<u64> {
    let system = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| parse_meminfo(&text));
    [system, cgroup_bytes()].into_iter().flatten().min()
}

/// Bytes that a container's own limit leaves (cgroup v2, then v1). The page cache counts as free, because it yields.
fn cgroup_bytes() -> Option<u64> {
    [
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file"),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
            "/sys/fs/cgroup/memory/memory.stat",
            "total_inactive_file",
        ),
    ]
    .into_iter()
    .find_map(|(limit, used, stat, cache)| {
        // Without a limit the file says "max", which does not parse.
        let limit: u64 = read(limit)?.trim().parse().ok()?;
        let used: u64 = read(used)?.trim().parse().ok()?;
        let cache = read(stat).and_then(|text| field(&text, cache)).unwrap_or(0);
        Some(limit.saturating_sub(used.saturating_sub(cache)))
    })
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn parse_meminfo(text: &str) -> Option<u64> {
    field(text, "MemAvailable:").map(|kibibytes| kibibytes * 1024)
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next()? == name).then(|| words.next()?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_memory_is_read_in_kibibytes() {
        assert_eq!(parse_meminfo("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2048 * 1024));
        assert_eq!(parse_meminfo("MemTotal: 9 kB\n"), None);
    }
}
