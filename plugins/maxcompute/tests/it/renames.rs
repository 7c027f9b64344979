//! Any renames of columns, interrupted anywhere, lead to the same table.

use cdc_plugin::types::{Column, ColumnRename, LogicalType, TableId, TableSchema};
use cdc_plugin_maxcompute::alter::{Plan, rename_columns};
use cdc_plugin_maxcompute::rest::{Table, TableName};
use cdc_plugin_maxcompute::shape::{OdpsType, TargetColumn};
use proptest::prelude::*;

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Five columns, some of which get the names of others or new ones; each of one of two types.
fn renames() -> impl Strategy<Value = (Vec<ColumnRename>, Vec<bool>)> {
    let pool: Vec<_> = NAMES.iter().chain(&["v", "w", "x", "y", "z"]).copied().collect();
    let new = Just(pool).prop_shuffle();
    let which = prop::collection::vec(any::<bool>(), NAMES.len());
    (new, which.clone(), which).prop_map(|(new, chosen, types)| {
        let pairs = NAMES.iter().zip(new).zip(chosen);
        let mut renames: Vec<_> = pairs
            .filter(|(_, chosen)| *chosen)
            .map(|((old, new), _)| ColumnRename { old: (*old).to_owned(), new: new.to_owned() })
            .collect();
        // A name that a column keeps cannot be given to another; what is left is given up in turn.
        while let Some(at) = renames.iter().position(|rename| {
            NAMES.contains(&rename.new.as_str()) && !renames.iter().any(|other| other.old == rename.new)
        }) {
            renames.remove(at);
        }
        (renames, types)
    })
}

fn name() -> TableName {
    TableName { project: "p".to_owned(), schema: None, table: "t".to_owned() }
}

/// Do as a statement of the plan says.
fn execute(table: &mut Table, sql: &str) {
    let names: Vec<_> = sql.split('`').skip(1).step_by(2).collect();
    let [_, _, old, new] = names[..] else { panic!("{sql}") };
    assert!(table.columns.iter().all(|column| column.name != new), "{sql}");
    let column = table.columns.iter_mut().find(|column| column.name == old);
    column.unwrap_or_else(|| panic!("{sql}")).name = new.to_owned();
}

fn steps(plan: Plan) -> Vec<String> {
    let Plan::Steps(steps) = plan else { panic!("{plan:?}") };
    steps.into_iter().map(|step| step.sql).collect()
}

proptest! {
    #[test]
    fn any_renames_are_resumed_after_any_statement((renames, types) in renames()) {
        let new_name = |old: &str| {
            let rename = renames.iter().find(|rename| rename.old == old);
            rename.map_or_else(|| old.to_owned(), |rename| rename.new.clone())
        };
        let pairs = || NAMES.iter().zip(&types);
        let columns = pairs().map(|(old, text)| {
            Column::new(new_name(old), if *text { LogicalType::String } else { LogicalType::Int }, true)
        });
        let schema = TableSchema::new(TableId::in_schema("s", "t"), columns.collect(), vec![]);
        let columns = pairs().map(|(name, text)| TargetColumn {
            name: (*name).to_owned(),
            r#type: if *text { OdpsType::String } else { OdpsType::Int },
            nullable: true,
            comment: String::new(),
        });
        let mut table = Table {
            columns: columns.collect(),
            partition_keys: vec![],
            primary_key: vec![],
            transactional: false,
            comment: String::new(),
        };
        let expected: Vec<_> = NAMES.iter().map(|old| new_name(old)).collect();

        // After each statement another process takes over.
        loop {
            let left = steps(rename_columns(&name(), &table, &schema, &renames).unwrap());
            let mut whole = table.clone();
            left.iter().for_each(|sql| execute(&mut whole, sql));
            let names: Vec<_> = whole.columns.iter().map(|column| column.name.clone()).collect();
            prop_assert_eq!(&names, &expected);
            let Some(first) = left.first() else { break };
            execute(&mut table, first);
        }
    }
}
