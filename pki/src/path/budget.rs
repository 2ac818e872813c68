//! How much work may one validation cost?

use super::PathReason;
use crate::limits;

/// What one validation may spend (budget de travail). A bag of certificates is a stranger's program: cross certificates
/// in a ring make the number of paths exponential, ten thousand names under ten thousand constraints make a hundred
/// million comparisons. Whatever runs out first ends the validation with its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Signature checks, those of revocation lists included.
    pub signatures: u32,
    /// Complete candidate paths.
    pub paths: u32,
    /// Edges from a certificate to a possible issuer.
    pub steps: u32,
    /// Comparisons of a name with a name constraint.
    pub names: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            signatures: limits::PATH_SIGNATURES,
            paths: limits::PATH_CANDIDATES,
            steps: limits::PATH_STEPS,
            names: limits::PATH_NAMES,
        }
    }
}

/// What one validation did cost (travail fait), in the units of [`Budget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Signature checks.
    pub signatures: u32,
    /// Complete candidate paths judged.
    pub paths: u32,
    /// Edges looked at.
    pub steps: u32,
    /// Name comparisons.
    pub names: u32,
}

/// The meter that runs.
#[derive(Debug)]
pub(super) struct Meter {
    budget: Budget,
    pub(super) work: Work,
}

impl Meter {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, work: Work::default() }
    }

    pub(super) fn signature(&mut self) -> Result<(), PathReason> {
        spend(&mut self.work.signatures, self.budget.signatures, PathReason::BudgetSignatures)
    }

    pub(super) fn path(&mut self) -> Result<(), PathReason> {
        spend(&mut self.work.paths, self.budget.paths, PathReason::BudgetPaths)
    }

    pub(super) fn step(&mut self) -> Result<(), PathReason> {
        spend(&mut self.work.steps, self.budget.steps, PathReason::BudgetSteps)
    }

    pub(super) fn name(&mut self) -> Result<(), PathReason> {
        spend(&mut self.work.names, self.budget.names, PathReason::BudgetNames)
    }
}

fn spend(spent: &mut u32, allowed: u32, exhausted: PathReason) -> Result<(), PathReason> {
    if *spent >= allowed {
        return Err(exhausted);
    }
    *spent += 1;
    Ok(())
}
