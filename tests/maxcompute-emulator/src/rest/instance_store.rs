use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::sql::ResultSet;

/// Instances whose results are kept; of older ones only the status is known.
const KEPT_RESULTS: usize = 100;
/// Instances that are kept at all.
const KEPT_INSTANCES: usize = 100_000;

/// A submitted job.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) task: String,
    /// The `<Job>` element as submitted.
    pub(crate) job: String,
    pub(crate) started: SystemTime,
    state: Mutex<State>,
}

/// How far a job is.
#[derive(Debug)]
enum State {
    /// Its statements have not been executed; they will be after so many looks.
    Running {
        looks: u32,
    },
    Ended {
        at: SystemTime,
        outcome: Outcome,
    },
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// A statement without rows.
    Done,
    /// A SELECT.
    Rows(Arc<ResultSet>),
    /// A SELECT whose rows have been dropped for newer ones.
    Forgotten,
    /// The message of the statement that failed.
    Failed(String),
    /// It was stopped before its statements were executed.
    Cancelled,
}

impl Instance {
    pub(super) fn new(task: String, job: String, looks: u32) -> Self {
        let started = SystemTime::now();
        Self { id: instance_id(started), task, job, started, state: Mutex::new(State::Running { looks }) }
    }

    /// When and how the job ended; none while it runs.
    pub(crate) fn end(&self) -> Option<(SystemTime, Outcome)> {
        match &*self.state.lock() {
            State::Running { .. } => None,
            State::Ended { at, outcome } => Some((*at, outcome.clone())),
        }
    }

    /// Looks at the job. A running one comes closer to its end, where `execute` gives the outcome; true if it ends now.
    pub(super) fn look(&self, execute: impl FnOnce() -> Outcome) -> bool {
        let mut state = self.state.lock();
        match &mut *state {
            State::Running { looks } if *looks > 0 => *looks -= 1,
            State::Running { .. } => {
                *state = State::Ended { at: SystemTime::now(), outcome: execute() };
                return true;
            }
            State::Ended { .. } => {}
        }
        false
    }

    pub(super) fn fail(&self, message: String) {
        *self.state.lock() = State::Ended { at: SystemTime::now(), outcome: Outcome::Failed(message) };
    }

    /// Stops the job; false if it has ended.
    pub(super) fn cancel(&self) -> bool {
        let mut state = self.state.lock();
        let running = matches!(*state, State::Running { .. });
        if running {
            *state = State::Ended { at: SystemTime::now(), outcome: Outcome::Cancelled };
        }
        running
    }

    fn forget_rows(&self) {
        if let State::Ended { outcome: outcome @ Outcome::Rows(_), .. } = &mut *self.state.lock() {
            *outcome = Outcome::Forgotten;
        }
    }
}

/// The instances of the project, in memory.
#[derive(Debug, Default)]
pub(crate) struct InstanceStore {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By id, which begins with the time of submission.
    instances: BTreeMap<String, Arc<Instance>>,
    with_rows: VecDeque<Arc<Instance>>,
}

impl InstanceStore {
    pub(super) fn insert(&self, instance: Instance) -> Arc<Instance> {
        let instance = Arc::new(instance);
        let mut kept = self.kept.lock();
        kept.instances.insert(instance.id.clone(), Arc::clone(&instance));
        if kept.instances.len() > KEPT_INSTANCES {
            kept.instances.pop_first();
        }
        instance
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Instance>> {
        self.kept.lock().instances.get(id).cloned()
    }

    /// The instances, oldest first.
    pub(super) fn list(&self) -> Vec<Arc<Instance>> {
        self.kept.lock().instances.values().cloned().collect()
    }

    /// Keeps the rows of an instance that has just ended, instead of the oldest.
    pub(super) fn keep_rows(&self, instance: &Arc<Instance>) {
        let mut kept = self.kept.lock();
        kept.with_rows.push_back(Arc::clone(instance));
        let oldest = if kept.with_rows.len() > KEPT_RESULTS { kept.with_rows.pop_front() } else { None };
        drop(kept);
        if let Some(oldest) = oldest {
            oldest.forget_rows();
        }
    }
}

/// An instance id as the service makes them: time to the millisecond, `g` and a random part.
fn instance_id(now: SystemTime) -> String {
    let now = OffsetDateTime::from(now);
    let random = uuid::Uuid::new_v4().simple().to_string();
    let random: String = random.chars().take(12).collect();
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}{:03}g{random}",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
        now.millisecond()
    )
}
