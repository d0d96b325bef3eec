//! Eviction within `modelsBudgetBytes`: least recently used models go first, models in use never go, and no more go
//! than needed.

use std::collections::HashMap;

use super::Store;
use super::cache_error::CacheError;
use super::disk_use::folder_bytes;
use super::locked::{LockedStore, NamedManifest};
use crate::error::{Error, ErrorCode, Result};
use crate::human_bytes;
use crate::store::digest::Digest;
use crate::store::name::ModelName;

/// What eviction knows of a model.
#[derive(Debug, Clone)]
struct Candidate {
    /// The model is in use, or is the one that needs the space.
    stays: bool,
    /// Other names may share them.
    blobs: Vec<(Digest, u64)>,
    partial_bytes: u64,
}

impl Store {
    /// Makes room within `modelsBudgetBytes` for new files of a name, `bytes` in total, and returns the evicted models.
    /// Bytes of these files that have arrived already count as part of the total. Fails with `DiskFull`, and evicts
    /// nothing, if the budget cannot hold the files beside the models in use.
    pub fn make_room(&self, name: &ModelName, bytes: u64) -> Result<Vec<ModelName>> {
        let Some(budget) = self.models_budget() else { return Ok(Vec::new()) };
        self.change("make room for", name, |locked| {
            locked.gc()?;
            let (models, partials) = locked.used()?;
            let entries = locked.entries()?.known;
            let candidates: Vec<_> =
                entries.iter().map(|entry| candidate(locked, entry, name)).collect::<std::result::Result<_, _>>()?;
            let own = entries.iter().zip(&candidates).find(|(entry, _)| entry.name == *name);
            let others = partials.saturating_sub(own.map_or(0, |(_, candidate)| candidate.partial_bytes));
            let excess = models.saturating_add(others).saturating_add(bytes).saturating_sub(budget);
            let chosen = choose(&candidates, excess).map_err(|short| too_small(name, bytes, budget, short))?;
            for index in &chosen {
                let name = &entries[*index].name;
                tracing::info!(%name, "model was removed to make room");
                locked.remove_manifest(name)?;
            }
            locked.gc()?;
            Ok(chosen.into_iter().map(|index| entries[index].name.clone()).collect())
        })
    }
}

fn candidate(
    locked: &LockedStore<'_>,
    entry: &NamedManifest,
    needs_room: &ModelName,
) -> std::result::Result<Candidate, CacheError> {
    let manifest = &entry.manifest;
    let mut partial_bytes = 0;
    for partial in manifest.partials() {
        partial_bytes += folder_bytes(&locked.layout.partial(partial))?;
    }
    let blobs = manifest.blobs().into_iter().filter_map(|blob| {
        let there = std::fs::metadata(locked.layout.blob(&blob.sha256)).ok()?;
        Some((blob.sha256, there.len()))
    });
    Ok(Candidate {
        stays: entry.name == *needs_room || locked.is_in_use(manifest)?,
        blobs: blobs.collect(),
        partial_bytes,
    })
}

fn too_small(name: &ModelName, bytes: u64, budget: u64, short: u64) -> Error {
    let detail = format!(
        "could not make room for {name}: it has {}, and modelsBudgetBytes is {}, which is {} too little beside \
         the models in use - raise it, or unload or remove models",
        human_bytes::format(bytes),
        human_bytes::format(budget),
        human_bytes::format(short)
    );
    Error::new(ErrorCode::DiskFull, detail)
}

/// Chooses the candidates to evict, least recently used first, to free `excess` bytes. The error is the number of
/// missing bytes.
fn choose(candidates: &[Candidate], excess: u64) -> std::result::Result<Vec<usize>, u64> {
    let mut chosen = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        if freed(candidates, &chosen) >= excess {
            break;
        }
        if !candidate.stays {
            chosen.push(index);
        }
    }
    let enough = freed(candidates, &chosen);
    if enough < excess {
        return Err(excess - enough);
    }
    // Some may have freed nothing, or too little to matter. They stay, the most recently used first.
    for at in (0..chosen.len()).rev() {
        let index = chosen.remove(at);
        if freed(candidates, &chosen) < excess {
            chosen.insert(at, index);
        }
    }
    Ok(chosen)
}

/// Bytes that evicting `chosen` frees. A shared blob goes with the last name that needs it.
fn freed(candidates: &[Candidate], chosen: &[usize]) -> u64 {
    let mut needed: HashMap<Digest, usize> = HashMap::new();
    for (digest, _) in candidates.iter().flat_map(|candidate| &candidate.blobs) {
        *needed.entry(*digest).or_default() += 1;
    }
    let mut bytes = 0;
    for candidate in chosen.iter().map(|index| &candidates[*index]) {
        bytes += candidate.partial_bytes;
        for (digest, size) in &candidate.blobs {
            if let Some(count) = needed.get_mut(digest) {
                *count -= 1;
                bytes += if *count == 0 { *size } else { 0 };
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(stays: bool, partial_bytes: u64, blobs: &[(u8, u64)]) -> Candidate {
        let blobs = blobs.iter().map(|(name, bytes)| (Digest::of(&[*name]), *bytes)).collect();
        Candidate { stays, blobs, partial_bytes }
    }

    #[test]
    fn the_least_recently_used_go_and_no_more_than_needed() {
        let small = candidate(false, 0, &[(1, 10)]);
        let large = candidate(false, 0, &[(2, 100)]);
        let used = candidate(true, 0, &[(3, 1_000)]);
        let half = candidate(false, 50, &[]);
        let all = [small, used, large, half];
        for (excess, expected) in [
            (0, Ok(vec![])),
            (1, Ok(vec![0])),
            (10, Ok(vec![0])),
            // Evicting the small one would not help.
            (11, Ok(vec![2])),
            (110, Ok(vec![0, 2])),
            (150, Ok(vec![2, 3])),
            (160, Ok(vec![0, 2, 3])),
            (161, Err(1)),
        ] {
            assert_eq!(choose(&all, excess), expected, "{excess}");
        }
    }

    #[test]
    fn what_several_names_mean_goes_with_the_last_of_them() {
        let shared = [candidate(false, 0, &[(1, 10)]), candidate(false, 0, &[(1, 10), (2, 5)])];
        assert_eq!(choose(&shared, 5), Ok(vec![1]));
        assert_eq!(choose(&shared, 6), Ok(vec![0, 1]));
        assert_eq!(choose(&shared, 16), Err(1));
        let locked = [shared[0].clone(), Candidate { stays: true, ..shared[1].clone() }];
        assert_eq!(choose(&locked, 1), Err(1));
    }
}
