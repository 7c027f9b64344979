use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::sql::ResultSet;

/// Instances whose results are kept; of older ones only the status is known.
const KEPT_RESULTS: usize = 100;
/// Instances that are kept at all.
const KEPT_INSTANCES: usize = 100_000;

/// A submitted job. Statements run while it is submitted; a fault may have it look as if it ran on.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) task: String,
    /// The `<Job>` element as submitted.
    pub(crate) job: String,
    pub(crate) started: SystemTime,
    pub(crate) ended: SystemTime,
    pub(crate) outcome: Outcome,
    /// Looks that still find the job running.
    pub(crate) looks: AtomicU32,
}

impl Instance {
    /// Whether a look at the status finds the job running; each look brings it closer to its end.
    pub(crate) fn look(&self) -> bool {
        let look = |looks: u32| looks.checked_sub(1);
        self.looks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, look).is_ok()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.looks.load(Ordering::Relaxed) > 0
    }
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
}

/// The instances of the project, in memory.
#[derive(Debug, Default)]
pub(crate) struct InstanceStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    instances: HashMap<String, Arc<Instance>>,
    order: VecDeque<String>,
    results: BTreeMap<u64, String>,
    created: u64,
}

impl InstanceStore {
    pub(crate) fn insert(&self, instance: Instance) -> Arc<Instance> {
        let instance = Arc::new(instance);
        let mut state = self.state.lock();
        state.created += 1;
        let number = state.created;
        if matches!(instance.outcome, Outcome::Rows(_)) {
            state.results.insert(number, instance.id.clone());
            if state.results.len() > KEPT_RESULTS {
                state.forget_oldest_result();
            }
        }
        state.order.push_back(instance.id.clone());
        state.instances.insert(instance.id.clone(), Arc::clone(&instance));
        if state.order.len() > KEPT_INSTANCES
            && let Some(oldest) = state.order.pop_front()
        {
            state.instances.remove(&oldest);
        }
        instance
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Instance>> {
        self.state.lock().instances.get(id).cloned()
    }
}

impl State {
    fn forget_oldest_result(&mut self) {
        let Some((_, id)) = self.results.pop_first() else { return };
        if let Some(instance) = self.instances.get_mut(&id) {
            *instance = Arc::new(Instance {
                id: instance.id.clone(),
                task: instance.task.clone(),
                job: instance.job.clone(),
                started: instance.started,
                ended: instance.ended,
                outcome: Outcome::Forgotten,
                looks: AtomicU32::new(instance.looks.load(Ordering::Relaxed)),
            });
        }
    }
}

/// An instance id as the service makes them: time to the millisecond, `g` and a random part.
pub(crate) fn instance_id(now: SystemTime) -> String {
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
