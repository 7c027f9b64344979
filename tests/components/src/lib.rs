//! The project's plugins as components: building this package builds them.

/// The MySQL source.
pub const MYSQL: &str = env!("COMPONENT_MYSQL");

/// The MaxCompute sink.
pub const MAXCOMPUTE: &str = env!("COMPONENT_MAXCOMPUTE");

/// A sink that misbehaves on request.
pub const HOSTILE: &str = env!("COMPONENT_HOSTILE");

/// The sink `journal` of `examples/plugins`.
pub const JOURNAL: &str = env!("COMPONENT_JOURNAL");

/// A source that plays a script.
pub const SCRIPTED_SOURCE: &str = env!("COMPONENT_SCRIPTED_SOURCE");

/// A sink that logs what is asked of it.
pub const SCRIPTED_SINK: &str = env!("COMPONENT_SCRIPTED_SINK");

/// A program that prints what is in a binlog file.
pub const RECORDED_BINLOGS: &str = env!("COMPONENT_RECORDED_BINLOGS");
