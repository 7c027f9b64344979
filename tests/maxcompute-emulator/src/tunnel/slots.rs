use hyper::StatusCode;

use crate::fault::Move;
use crate::http::ServiceError;

/// The slots of a session and the workers that they are at. All of them are this server, but clients do not know that.
#[derive(Debug)]
pub(super) struct Slots {
    moves: Vec<Moves>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Moves {
    count: u32,
    silent: bool,
}

impl Slots {
    pub(super) fn new(count: u32) -> Self {
        Self { moves: vec![Moves::default(); count as usize] }
    }

    pub(super) fn count(&self) -> u32 {
        self.moves.len() as u32
    }

    /// Address of the worker that a slot is at now; `own` is where it began.
    pub(super) fn address(&self, slot: u32, own: &str) -> String {
        address(self.moves(slot).count, own)
    }

    pub(super) fn move_slot(&mut self, slot: u32, how: Move) {
        if let Some(moves) = self.moves.get_mut(slot as usize) {
            *moves = Moves { count: moves.count + 1, silent: how == Move::Silent };
        }
    }

    /// Checks the worker that a request names: a former one is answered with 308, which tells the new one unless the slot
    /// moved silently.
    pub(super) fn check(&self, slot: u32, named: Option<&str>, own: &str) -> Result<(), ServiceError> {
        let moves = self.moves(slot);
        let current = address(moves.count, own);
        let named = named.unwrap_or_default();
        if named == current {
            return Ok(());
        }
        if (0..moves.count).any(|count| address(count, own) == named) {
            let message = format!("slot {slot} has moved from {named} to another worker");
            let error = ServiceError::new(StatusCode::PERMANENT_REDIRECT, "SlotReassigned", message);
            let header = (!moves.silent).then_some(("odps-tunnel-routed-server", current));
            return Err(ServiceError { header, ..error });
        }
        Err(ServiceError::invalid_argument(format!(
            "odps-tunnel-routed-server is `{named}`, slot {slot} is at `{current}`; reload the session"
        )))
    }

    fn moves(&self, slot: u32) -> Moves {
        self.moves.get(slot as usize).copied().unwrap_or_default()
    }
}

/// The address after so many moves. Clients send it back as a header and never connect to it.
fn address(moves: u32, own: &str) -> String {
    match moves {
        0 => own.to_owned(),
        moves => format!("10.0.{}.{}:8080", moves / 250 % 250, moves % 250),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_worker_is_told_the_new_one() {
        let mut slots = Slots::new(2);
        assert!(slots.check(0, Some("w:1"), "w:1").is_ok());
        slots.move_slot(0, Move::Told);
        let moved = slots.check(0, Some("w:1"), "w:1").unwrap_err();
        assert_eq!(moved.status.as_u16(), 308);
        let (_, address) = moved.header.unwrap();
        assert!(slots.check(0, Some(&address), "w:1").is_ok());
        assert!(slots.check(1, Some("w:1"), "w:1").is_ok());
        slots.move_slot(0, Move::Silent);
        let silent = slots.check(0, Some(&address), "w:1").unwrap_err();
        assert_eq!((silent.status.as_u16(), silent.header), (308, None));
        assert_eq!(slots.check(0, Some("other:1"), "w:1").unwrap_err().status.as_u16(), 400);
    }
}
