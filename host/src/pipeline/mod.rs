//! The pipeline file: what was typed, and what it means.
//!
//! A file becomes a running pipeline in two steps, because the options of a connector are known only once its
//! component is loaded:
//!
//! 1. [`Spec::parse`] reads the YAML (the grammar of Flink CDC 3.x) into what was typed, with the place of every
//!    key and value. It knows no connector.
//! 2. [`Plan::new`] checks the two connector blocks against the [`Manifest`] of each plugin and yields what the
//!    file means: settings with defaults filled in, secrets behind handles, and the [`Grant`] of each plugin.
//!
//! Every complaint is a [`Problem`] with line, column, cause and way out. A value shows up in one only when its
//! key is known not to be secret.
//!
//! ```
//! use cdc_host::pipeline::{Manifest, OptionSpec, Plan, Spec};
//!
//! let spec = Spec::parse(
//!     "source: {type: mysql, hostname: db.example.com}\nsink: {type: print}\n",
//!     "pipeline.yaml",
//! )?;
//! assert_eq!(spec.source_type(), "mysql");
//! let mysql = Manifest::new("mysql", vec![OptionSpec::endpoint("hostname").required()]);
//! let print = Manifest::new("print", vec![]);
//! let plan = Plan::new(&spec, &mysql, &print)?;
//! assert_eq!(plan.parallelism, 1);
//! # Ok::<(), cdc_host::pipeline::Refusal>(())
//! ```

pub mod fields;
pub mod grant;
pub mod manifest;
pub mod options;
pub mod plan;
pub mod problem;
pub mod quantity;
pub mod rules;
pub mod schema_changes;
pub mod spec;
pub mod summary;

mod document;

mod nearest;

mod settings;
mod table_list;
mod timezone;
mod transforms;

#[cfg(test)]
mod tests;

pub use grant::Grant;
pub use manifest::{Manifest, OptionKind, OptionRole, OptionSpec};
pub use options::{Setting, SettingValue, ValueOrigin};
pub use plan::{ConnectorPlan, Plan, RuntimeMode, SchemaChangeBehavior};
pub use problem::{Problem, Refusal, Severity};
pub use schema_changes::SchemaChangeKind;
pub use spec::{Side, Spec};
pub use summary::Summary;
pub use table_list::TableList;
pub use timezone::LocalTimeZone;
pub use transforms::{Transforms, UnknownColumn};

/// A file that cannot be read as a pipeline.
pub type SpecError = Refusal;
/// A file that can be read but means nothing that could run.
pub type PlanError = Refusal;
