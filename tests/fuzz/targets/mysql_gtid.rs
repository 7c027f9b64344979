//! GTID sets in text and GTID events.
#![no_main]

use cdc_plugin_mysql::binlog::gtid::GtidEvent;
use cdc_plugin_mysql::gtid::{Gtid, GtidSet, Origin};
use fuzz::Input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    match input.byte() % 5 {
        0 => event(GtidEvent::parse(input.0, false).ok()),
        1 => event(GtidEvent::parse_tagged(input.0).ok()),
        2 => event(GtidEvent::parse(input.0, true).ok()),
        3 => sets(input),
        _ => event(GtidEvent::parse_domain(input.0, 1).ok()),
    }
});

fn event(event: Option<GtidEvent>) {
    let Some(gtid) = event.and_then(|event| event.gtid) else { return };
    let mut set = GtidSet::default();
    set.add(&gtid);
    set.add(&gtid);
    assert!(set.contains(&gtid));
    // What was read from an event goes into positions as text.
    assert_eq!(GtidSet::parse(&set.to_string()).as_ref(), Ok(&set), "{set}");
    assert_eq!(gtid.to_string(), set.to_string());
}

/// Two sets, with an empty line between them.
fn sets(mut input: Input<'_>) {
    let (Ok(one), Some(other)) = (std::str::from_utf8(input.until(b"\n\n")), input.text()) else { return };
    let (one, other) = (read(one), read(other));
    let (Some(one), Some(other)) = (one, other) else { return };
    let (mut merged, mut reversed) = (one.clone(), other.clone());
    merged.merge(&other);
    reversed.merge(&one);
    // Two servers of MariaDB may give one number twice.
    assert!(merged == reversed || merged.has_domains(), "the order of merging does not matter");
    assert!(merged.contains_all(&reversed) && merged.contains_all(&one) && merged.contains_all(&other));
    assert_eq!(one.contains_all(&other), merged == one);
    assert_eq!(read(&merged.to_string()).as_ref(), Some(&merged));
}

fn read(text: &str) -> Option<GtidSet> {
    let set = GtidSet::parse(text).ok()?;
    assert_eq!(GtidSet::parse(&set.to_string()).as_ref(), Ok(&set), "printed: {set}");
    let mut again = set.clone();
    let first = Gtid::new(Origin::default(), 1).expect("a number");
    again.add(&first);
    assert!(again.contains(&first) && again.contains_all(&set));
    Some(set)
}
