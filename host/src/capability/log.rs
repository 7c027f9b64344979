//! A guest's log lines become the host's (`cdc:host/log`), with the plugin's name as their target's field.

use tracing::Level;

use crate::plugin::LaneState;
use crate::plugin::bindings::capabilities::log as wit;

/// Bytes of a message, and of all its fields together; a guest that writes more is cut short.
const LONGEST: usize = 8 << 10;
const MOST_FIELDS: usize = 32;

impl wit::Host for LaneState {
    fn enabled(&mut self, level: wit::Level) -> bool {
        match level {
            wit::Level::Trace => tracing::enabled!(Level::TRACE),
            wit::Level::Debug => tracing::enabled!(Level::DEBUG),
            wit::Level::Info => tracing::enabled!(Level::INFO),
            wit::Level::Warn => tracing::enabled!(Level::WARN),
            wit::Level::Error => tracing::enabled!(Level::ERROR),
        }
    }

    fn emit(&mut self, level: wit::Level, message: String, fields: Vec<wit::Field>) {
        let plugin = &*self.capabilities.plugin;
        let line = line(&message, &fields);
        match level {
            wit::Level::Trace => tracing::trace!(plugin, "{line}"),
            wit::Level::Debug => tracing::debug!(plugin, "{line}"),
            wit::Level::Info => tracing::info!(plugin, "{line}"),
            wit::Level::Warn => tracing::warn!(plugin, "{line}"),
            wit::Level::Error => tracing::error!(plugin, "{line}"),
        }
    }
}

/// Message and fields on one line; a guest cannot forge another one.
fn line(message: &str, fields: &[wit::Field]) -> String {
    let mut line = clean(message, LONGEST);
    for field in fields.iter().take(MOST_FIELDS) {
        if line.len() > 2 * LONGEST {
            break;
        }
        line.push_str(&format!(" {}={}", clean(&field.name, 64), clean(&field.value, LONGEST)));
    }
    line
}

fn clean(text: &str, longest: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(longest));
    for character in text.chars() {
        if clean.len() >= longest {
            clean.push('…');
            break;
        }
        if character.is_control() { clean.extend(character.escape_default()) } else { clean.push(character) }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_cannot_forge_a_line_or_flood_the_log() {
        let field = wit::Field { name: "table".into(), value: "a\nERROR fake".into() };
        assert_eq!(line("hello\nworld", &[field]), "hello\\nworld table=a\\nERROR fake");
        assert!(line(&"x".repeat(1 << 20), &[]).len() < LONGEST + 10);
    }
}
