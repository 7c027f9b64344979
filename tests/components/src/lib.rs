//! The project's plugins as components: building this package builds them.

/// The MySQL source.
pub const MYSQL: &str = env!("COMPONENT_MYSQL");

/// The MaxCompute sink.
pub const MAXCOMPUTE: &str = env!("COMPONENT_MAXCOMPUTE");

/// A sink that misbehaves on request.
pub const HOSTILE: &str = env!("COMPONENT_HOSTILE");
/// The sink `journal` of `examples/plugins`.
pub const JOURNAL: &str = env!("COMPONENT_JOURNAL");
