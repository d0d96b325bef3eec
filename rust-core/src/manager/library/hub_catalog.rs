//! The variants of a hub repository and whether each would fit, for a screen where a user picks a model. The blocking
//! pool waits for the hub.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::runtime::Handle;

use super::remote_headers::RemoteHeaders;
use crate::engine::{Estimate, ModelLoader};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::memory::can_load::available;
use crate::manager::memory::usage::budget_left;
use crate::manager::memory::{ResidentCount, fit};
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::protocol::{FitVerdict, HubRepository, HubVariant, MemoryEstimate, MemoryFit, ModelConfig};
use crate::store::{Fetcher, HubName, HubSelection, ModelName, Repository, Secret, Variant};

/// Most models of a repository whose headers are read. Most repositories have one model in many quantizations, and a
/// header takes megabytes.
const MOST_FAMILIES: usize = 3;
/// Formats that are larger than the quantizations made from them, and no better on a phone.
const FULL_PRECISION: [&str; 4] = ["F16", "BF16", "FP16", "F32"];

/// Runs on the blocking pool, because it waits for the network.
pub(in crate::manager) fn browse_hub(it: &Owners, repository: &str, reply: Reply<HubRepository>) {
    let browser = repository_name(repository).and_then(|name| {
        let (fetcher, token) = (it.library.fetcher()?.clone(), it.library.token().cloned());
        let (loader, budget_left) = (it.loader.clone(), budget_left(it));
        Ok(Browser { name, fetcher, token, loader, budget_left, runtime: it.runtime.clone() })
    });
    match browser {
        Ok(browser) => it.run_blocking(move || browser.browse(), |_it, _fx, result| reply(result)),
        Err(error) => reply(Err(error)),
    }
}

fn repository_name(text: &str) -> Result<HubName> {
    match ModelName::parse(text)? {
        ModelName::Hub(name) => Ok(name),
        other => {
            let detail = format!("{other} names no repository of a hub - give hf:org/repo");
            Err(Error::new(ErrorCode::InvalidModelName, detail))
        }
    }
}

struct Browser {
    name: HubName,
    fetcher: Fetcher,
    token: Option<Secret>,
    loader: Arc<dyn ModelLoader>,
    budget_left: Option<u64>,
    runtime: Handle,
}

impl Browser {
    fn browse(&self) -> Result<HubRepository> {
        let repository = self.runtime.block_on(self.fetcher.repository(&self.name, self.token.as_ref()))?;
        let found = repository.variants();
        let stored = self.fetcher.store().list()?;
        let is_stored = |name: &ModelName| stored.iter().any(|model| model.name == *name && model.is_complete);
        let named: Vec<_> =
            found.iter().filter_map(|variant| Some((variant, self.name_of(variant, &found)?))).collect();
        let mut families = Families::default();
        let variants: Vec<_> = named
            .into_iter()
            .map(|(variant, name)| {
                let fit = families
                    .of(variant, || self.header(&repository, variant))
                    .and_then(|header| Some((self.fit(variant.bytes, header)?, header.of == *variant)));
                HubVariant {
                    name: name.text(),
                    quantization: variant.quantization.clone(),
                    bytes: variant.bytes,
                    file_count: u32::try_from(variant.files.len()).unwrap_or(u32::MAX),
                    is_stored: is_stored(&name),
                    is_fit_exact: fit.as_ref().is_some_and(|(_, exact)| *exact),
                    fit: fit.map(|(fit, _)| fit),
                }
            })
            .collect();
        let best = best(&variants).map(|variant| variant.name.clone());
        Ok(HubRepository { repository: repository.name, commit: repository.commit, variants, best })
    }

    /// The shortest name that means this variant alone. None if the file's name cannot be a part of a model's name.
    fn name_of(&self, variant: &Variant, all: &[Variant]) -> Option<ModelName> {
        let alike = all.iter().filter(|other| other.quantization == variant.quantization).count();
        let selection = match &variant.quantization {
            Some(quantization) if alike == 1 => HubSelection::Quantization(quantization.clone()),
            Some(_) | None => HubSelection::File(variant.files.first()?.path.clone()),
        };
        let name = ModelName::Hub(self.name.with(selection));
        ModelName::parse(&name.text()).is_ok_and(|read| read == name).then_some(name)
    }

    /// None if the header cannot be read: the list is then shown without a fit.
    fn header(&self, repository: &Repository, variant: &Variant) -> Option<FamilyHeader> {
        let files = self.fetcher.files_of(repository, variant, self.token.as_ref());
        let headers = files.and_then(|files| self.runtime.block_on(RemoteHeaders::read(&self.fetcher, &files)));
        match headers {
            Ok(headers) => Some(FamilyHeader { headers, of: variant.clone(), estimates: HashMap::new() }),
            Err(error) => {
                tracing::info!(repository = repository.name, %error, "header was not read");
                None
            }
        }
    }

    fn fit(&self, file_bytes: u64, header: &mut FamilyHeader) -> Option<MemoryFit> {
        let available = available(self.loader.available_memory(), None, self.budget_left);
        let fitted = catch_unwind(AssertUnwindSafe(|| {
            let requested = header.estimate(&*self.loader, None, file_bytes)?;
            fit(requested, ResidentCount::Automatic, available, |context_size, max_resident| {
                header.estimate(&*self.loader, Some((context_size, max_resident)), file_bytes)
            })
        }));
        // The panic's own text stays out, because it may quote the file.
        fitted.ok()?.inspect_err(|error| tracing::info!(%error, "header was not estimated")).ok()
    }
}

/// One header for each model of the repository, by family.
#[derive(Default)]
struct Families(HashMap<String, Option<FamilyHeader>>);

impl Families {
    fn of(&mut self, variant: &Variant, read: impl FnOnce() -> Option<FamilyHeader>) -> Option<&mut FamilyHeader> {
        let (family, full) = (variant.family(), self.0.len() >= MOST_FAMILIES);
        if full && !self.0.contains_key(&family) {
            return None;
        }
        self.0.entry(family).or_insert_with(read).as_mut()
    }
}

/// The header of one quantization, which stands for the other quantizations of its model.
struct FamilyHeader {
    headers: RemoteHeaders,
    of: Variant,
    /// Estimates by contextSize and maxResident, which all quantizations share. The key of a load with default options
    /// is `None`.
    estimates: HashMap<Option<(u32, u32)>, MemoryEstimate>,
}

impl FamilyHeader {
    /// Estimates files of another size: KV and buffers depend on the model alone, weights on the size of the files.
    fn estimate(
        &mut self,
        loader: &dyn ModelLoader,
        size: Option<(u32, u32)>,
        file_bytes: u64,
    ) -> Result<MemoryEstimate> {
        let own = match self.estimates.get(&size) {
            Some(own) => *own,
            None => {
                let path = self.headers.path().display().to_string();
                let (context_size, max_resident) = size.unzip();
                let config = ModelConfig { context_size, max_resident, ..ModelConfig::new(&path) };
                let own = loader.estimate(&config, Estimate::Load)?;
                *self.estimates.entry(size).or_insert(own)
            }
        };
        Ok(scaled(own, self.of.bytes, file_bytes))
    }
}

fn scaled(own: MemoryEstimate, own_file_bytes: u64, file_bytes: u64) -> MemoryEstimate {
    let weights = u128::from(own.weights_bytes) * u128::from(file_bytes) / u128::from(own_file_bytes.max(1));
    MemoryEstimate { weights_bytes: u64::try_from(weights).unwrap_or(u64::MAX), ..own }
}

/// The largest variant that fits. A full context is preferred to a smaller one, and a quantization to full precision.
fn best(variants: &[HubVariant]) -> Option<&HubVariant> {
    let rank = |variant: &HubVariant| {
        let verdict = match variant.fit.as_ref()?.verdict {
            FitVerdict::Fits => 2,
            FitVerdict::FitsSmaller => 1,
            FitVerdict::DoesNotFit => return None,
        };
        let full = variant.quantization.as_deref().is_some_and(|name| FULL_PRECISION.contains(&name));
        Some((verdict, !full, variant.bytes))
    };
    let ranked = variants.iter().filter_map(|variant| Some((rank(variant)?, variant)));
    ranked.max_by_key(|(rank, _)| *rank).map(|(_, variant)| variant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(quantization: &str, bytes: u64, verdict: Option<FitVerdict>) -> HubVariant {
        let fit =
            verdict.map(|verdict| MemoryFit { verdict, estimate: MemoryEstimate::default(), available_bytes: None });
        HubVariant {
            name: quantization.into(),
            quantization: Some(quantization.into()),
            bytes,
            file_count: 1,
            is_stored: false,
            fit,
            is_fit_exact: false,
        }
    }

    #[test]
    fn the_best_is_the_largest_that_fits_and_full_precision_comes_last() {
        use FitVerdict::{DoesNotFit, Fits, FitsSmaller};
        for (verdicts, expected) in [
            ([Some(Fits), Some(Fits), Some(Fits)], Some("Q8_0")),
            ([Some(Fits), Some(Fits), Some(DoesNotFit)], Some("Q8_0")),
            ([Some(Fits), Some(FitsSmaller), Some(DoesNotFit)], Some("Q4_K_M")),
            ([Some(FitsSmaller), Some(FitsSmaller), Some(DoesNotFit)], Some("Q8_0")),
            ([Some(DoesNotFit), None, Some(Fits)], Some("F16")),
            ([Some(DoesNotFit), None, Some(DoesNotFit)], None),
            ([None, None, None], None),
        ] {
            let [small, middle, large] = verdicts;
            let variants = [variant("Q4_K_M", 1, small), variant("Q8_0", 2, middle), variant("F16", 4, large)];
            assert_eq!(best(&variants).map(|best| best.name.as_str()), expected, "{verdicts:?}");
        }
    }

    #[test]
    fn weights_follow_the_files_and_nothing_else_does() {
        let own =
            MemoryEstimate { weights_bytes: 1_000, kv_bytes: 20, compute_bytes: 3, context_size: 512, max_resident: 1 };
        assert_eq!(scaled(own, 500, 750), MemoryEstimate { weights_bytes: 1_500, ..own });
        assert_eq!(scaled(own, 500, 500), own);
        let huge = MemoryEstimate { weights_bytes: u64::MAX, ..own };
        assert_eq!(scaled(huge, 0, u64::MAX).weights_bytes, u64::MAX);
    }
}
