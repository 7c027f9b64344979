//! A result, read ahead by a task of its own.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Value};
use tokio::sync::oneshot;

use super::columns::{Block, describe};
use super::failure::Result;
use super::readahead::Feed;
use crate::plugin::bindings::capabilities::mysql::{Failure, FailureKind, Parameter, ResultColumn, RowBlock};

/// How a result ended: the connection is free again, or why not.
pub(super) type End = Result<Conn>;

/// Rows of a block at the most; a guest copes with more, but its caches do not.
const BLOCK_ROWS: u32 = 8192;

/// Run a statement, announce its columns, and feed its rows in blocks.
pub(super) async fn read(
    mut conn: Conn,
    sql: String,
    parameters: Vec<Parameter>,
    announce: oneshot::Sender<Result<Vec<ResultColumn>>>,
    feed: Feed<RowBlock, End>,
) {
    let mut announce = Some(announce);
    let outcome = stream(&mut conn, &sql, parameters, &mut announce, &feed).await;
    match (outcome, announce) {
        // The statement itself failed: its caller hears of it and keeps the connection.
        (Err(failure), Some(announce)) => {
            let kept = failure.kind == FailureKind::Server;
            // A caller that is gone has dropped the session.
            let _ = announce.send(Err(failure));
            if kept {
                feed.end(Ok(conn));
            }
        }
        (Err(failure), None) => feed.end(Err(failure)),
        (Ok(()), _) => feed.end(Ok(conn)),
    }
}

async fn stream(
    conn: &mut Conn,
    sql: &str,
    parameters: Vec<Parameter>,
    announce: &mut Option<oneshot::Sender<Result<Vec<ResultColumn>>>>,
    feed: &Feed<RowBlock, End>,
) -> Result<()> {
    let parameters = match parameters.into_iter().map(value).collect::<Vec<_>>() {
        none if none.is_empty() => Params::Empty,
        some => Params::Positional(some),
    };
    let statement = conn.prep(sql).await.map_err(Failure::in_session)?;
    let mut result = conn.exec_iter(&statement, parameters).await.map_err(Failure::in_session)?;
    let columns = result.columns();
    let columns = columns.as_deref().unwrap_or_default();
    if let Some(announce) = announce.take() {
        // As above.
        let _ = announce.send(Ok(columns.iter().map(describe).collect()));
    }
    let mut block = Block::new(columns);
    while let Some(row) = result.next().await.map_err(Failure::in_session)? {
        block.push(&row)?;
        if block.rows() >= BLOCK_ROWS || block.bytes() >= feed.portion() {
            let full = std::mem::replace(&mut block, Block::new(columns));
            let bytes = full.bytes();
            feed.push(full.finish(), bytes).await;
        }
    }
    if block.rows() > 0 {
        let bytes = block.bytes();
        feed.push(block.finish(), bytes).await;
    }
    result.drop_result().await.map_err(Failure::in_session)
}

fn value(parameter: Parameter) -> Value {
    match parameter {
        Parameter::Null => Value::NULL,
        Parameter::Signed(value) => Value::Int(value),
        Parameter::Unsigned(value) => Value::UInt(value),
        Parameter::Double(value) => Value::Double(value),
        Parameter::Text(text) => Value::Bytes(text.into_bytes()),
        Parameter::Binary(bytes) => Value::Bytes(bytes),
    }
}
