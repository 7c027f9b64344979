use super::error::FlowError;
use super::evolution::Registry;
use super::failpoint;
use crate::plugin::sink::Sink;
use crate::state::Ledger;

/// Have the sink follow the changes of tables that come after the newest entry, which is committed; record each.
///
/// Afterwards the entry stands behind them. After a crash it is called again, and goes on where it stopped.
///
/// # Errors
/// The policy or the sink refuses a change; it stays the next one, for a start with another policy.
pub(super) async fn follow(
    ledger: &mut Ledger,
    registry: &mut Registry,
    sink: &Sink,
) -> Result<(), FlowError> {
    while let Some(event) = ledger.newest().and_then(|entry| entry.next_change()).cloned() {
        registry.follow(&event, sink).await?;
        failpoint::reached("before-apply-record").await;
        ledger.update(|entry| entry.followed(registry.states()))?;
        failpoint::reached("after-apply-record").await;
    }
    Ok(())
}
