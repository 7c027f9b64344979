//! What the sink does with a batch of a Delta table: a bucket for each row by its hash, the row as a record with its
//! CRC, and the bodies of the uploads. Compiled twice, see `table` and `hardware`.

use anyhow::{Result, anyhow};
use cdc_plugin::batch::BatchView;
use cdc_plugin::types::{Batch, Error, TableSchema};
use cdc_plugin_maxcompute::shape::{TargetColumn, column_type};

use super::record::{Hasher, Key, Operation, Plan, RecordStream};

const BUCKETS: u32 = 16;

/// A compiled table.
#[derive(Debug)]
pub struct Encoder {
    schema: TableSchema,
    plan: Plan,
    key: Key,
}

impl Encoder {
    /// Rows of `schema` into a table that the sink would create for it.
    ///
    /// # Errors
    /// MaxCompute has no such table.
    pub fn new(schema: &TableSchema) -> Result<Self> {
        let target = schema.columns.iter().map(|column| {
            Ok(TargetColumn {
                name: column.name.clone(),
                r#type: column_type(column).map_err(|reason| anyhow!(reason))?,
                nullable: column.nullable(),
                comment: String::new(),
            })
        });
        let plan = Plan::new(schema, &target.collect::<Result<Vec<_>>>()?, None).map_err(told)?;
        let names = schema.primary_key.iter().map(|index| schema.columns[*index as usize].name.clone());
        let key = Key::new(schema, &names.collect::<Vec<_>>(), Hasher::Default, BUCKETS).map_err(told)?;
        Ok(Self { schema: schema.clone(), plan, key })
    }

    /// The bodies of a batch, one for each bucket.
    ///
    /// # Errors
    /// The batch is not of the schema, or a row cannot be written.
    pub fn encode(&self, batch: &Batch) -> Result<Vec<Vec<u8>>> {
        let view = BatchView::new(&self.schema, batch)?;
        let plan = self.plan.bind(&view).map_err(told)?;
        let mut buckets: Vec<RecordStream> = (0..BUCKETS).map(|_| RecordStream::default()).collect();
        for (row, bucket) in self.key.buckets(&view).into_iter().enumerate() {
            buckets[bucket as usize]
                .record(|out| plan.upsert(row, Operation::Upsert, out))
                .map_err(|reject| anyhow!("row {row}: {reject:?}"))?;
        }
        Ok(buckets.into_iter().map(RecordStream::finish).collect())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: Error) -> anyhow::Error {
    anyhow!("{}: {}", error.code, error.message)
}
