use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::batch::ColumnData;
use crate::schema::{LogicalType, TableId, TypeNode};

/// The naive model: one value at a time.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Integer(i64),
    Text(String),
    List(Vec<Cell>),
    Fields(Vec<Cell>),
}

fn node(field: Option<&str>, logical_type: LogicalType) -> TypeNode {
    TypeNode { field: field.map(str::to_owned), logical_type, nullable: true }
}

/// Pairs of types of which the second holds all values of the first.
fn types(kind: usize) -> (Vec<TypeNode>, Vec<TypeNode>) {
    use LogicalType as T;
    let scalar = |logical_type| vec![node(None, logical_type)];
    match kind {
        0 => (scalar(T::Tinyint), scalar(T::Int)),
        1 => (scalar(T::Int), scalar(T::Bigint)),
        2 => (scalar(T::Bigint), scalar(T::Bigint)),
        3 => (scalar(T::Varchar(9)), scalar(T::String)),
        4 => {
            let list = |element| vec![node(None, T::Array), node(None, element)];
            (list(T::Smallint), list(T::Bigint))
        }
        _ => {
            let row = |number, text| {
                let fields = [node(Some("a"), number), node(Some("b"), T::Array), node(None, text)];
                [vec![node(None, T::Row(2))], fields.to_vec()].concat()
            };
            (row(T::Int, T::Char(3)), row(T::Int, T::String))
        }
    }
}

const KINDS: usize = 6;

fn cell(kind: usize) -> BoxedStrategy<Cell> {
    let number = || prop_oneof![Just(Cell::Null), any::<i8>().prop_map(|n| Cell::Integer(n.into()))];
    let text = || prop_oneof![Just(Cell::Null), "[a-zé]{0,3}".prop_map(Cell::Text)];
    let list = |element: BoxedStrategy<Cell>| prop::collection::vec(element, 0..4).prop_map(Cell::List);
    match kind {
        0..=2 => number().boxed(),
        3 => text().boxed(),
        4 => prop_oneof![Just(Cell::Null), list(number().boxed())].boxed(),
        _ => {
            let fields = (number(), list(text().boxed()));
            let fields = fields.prop_map(|(number, list)| Cell::Fields(vec![number, list]));
            prop_oneof![Just(Cell::Null), fields].boxed()
        }
    }
}

/// Lay cells out as a column; returns the nodes that are left.
fn build<'a>(nodes: &'a [TypeNode], cells: &[Cell], out: &mut Vec<ColumnValues>) -> &'a [TypeNode] {
    let (first, mut rest) = nodes.split_first().unwrap();
    let mut validity = vec![0_u8; cells.len().div_ceil(8)];
    for (slot, _) in cells.iter().enumerate().filter(|(_, cell)| **cell != Cell::Null) {
        validity[slot / 8] |= 1 << (slot % 8);
    }
    let numbers = cells.iter().map(|cell| if let Cell::Integer(number) = cell { *number } else { 0 });
    let at = out.len();
    out.push(ColumnValues { validity: Some(validity), data: ColumnData::Structure });
    let data = match first.logical_type {
        LogicalType::Tinyint => ColumnData::Int8s(numbers.map(|n| n.try_into().unwrap()).collect()),
        LogicalType::Smallint => ColumnData::Int16s(numbers.map(|n| n.try_into().unwrap()).collect()),
        LogicalType::Int => ColumnData::Int32s(numbers.map(|n| n.try_into().unwrap()).collect()),
        LogicalType::Bigint => ColumnData::Int64s(numbers.collect()),
        LogicalType::Array => {
            let mut elements = Vec::new();
            let mut offsets = vec![0];
            for cell in cells {
                if let Cell::List(list) = cell {
                    elements.extend_from_slice(list);
                }
                offsets.push(u32::try_from(elements.len()).unwrap());
            }
            rest = build(rest, &elements, out);
            ColumnData::Offsets(offsets)
        }
        LogicalType::Row(fields) => {
            for field in 0..fields as usize {
                let of_field = |cell: &Cell| match cell {
                    Cell::Fields(fields) => fields[field].clone(),
                    _ => Cell::Null,
                };
                rest = build(rest, &cells.iter().map(of_field).collect::<Vec<_>>(), out);
            }
            ColumnData::Structure
        }
        _ => {
            let mut bytes = Vec::new();
            let mut offsets = vec![0];
            for cell in cells {
                if let Cell::Text(text) = cell {
                    bytes.extend_from_slice(text.as_bytes());
                }
                offsets.push(u32::try_from(bytes.len()).unwrap());
            }
            ColumnData::VarBytes { offsets, data: bytes }
        }
    };
    out[at].data = data;
    rest
}

/// Read one cell; returns it with the nodes and columns that are left.
fn read<'a>(
    nodes: &'a [TypeNode],
    columns: &'a [ColumnValues],
    slot: usize,
) -> (Cell, &'a [TypeNode], &'a [ColumnValues]) {
    let (first, mut nodes) = nodes.split_first().unwrap();
    let (values, mut columns) = columns.split_first().unwrap();
    let is_null = values.validity.as_ref().is_some_and(|bits| bits[slot / 8] & (1 << (slot % 8)) == 0);
    let cell = match (&first.logical_type, &values.data) {
        (LogicalType::Array, ColumnData::Offsets(offsets)) => {
            let mut list = Vec::new();
            for element in offsets[slot]..offsets[slot + 1] {
                list.push(read(nodes, columns, element as usize).0);
            }
            // The element's own nodes have to be passed even where there is no element.
            columns = &columns[1..];
            nodes = &nodes[1..];
            Cell::List(list)
        }
        (LogicalType::Row(fields), ColumnData::Structure) => {
            let mut cells = Vec::new();
            for _ in 0..*fields {
                let field;
                (field, nodes, columns) = read(nodes, columns, slot);
                cells.push(field);
            }
            Cell::Fields(cells)
        }
        (LogicalType::Tinyint, ColumnData::Int8s(values)) => Cell::Integer(values[slot].into()),
        (LogicalType::Smallint, ColumnData::Int16s(values)) => Cell::Integer(values[slot].into()),
        (LogicalType::Int, ColumnData::Int32s(values)) => Cell::Integer(values[slot].into()),
        (LogicalType::Bigint, ColumnData::Int64s(values)) => Cell::Integer(values[slot]),
        (
            LogicalType::Char(_) | LogicalType::Varchar(_) | LogicalType::String,
            ColumnData::VarBytes { offsets, data },
        ) => {
            let bytes = &data[offsets[slot] as usize..offsets[slot + 1] as usize];
            Cell::Text(String::from_utf8(bytes.to_vec()).unwrap())
        }
        (logical_type, data) => panic!("{logical_type} laid out as {data:?}"),
    };
    (if is_null { Cell::Null } else { cell }, nodes, columns)
}

fn schema(version: u32, columns: Vec<Column>) -> TableSchema {
    TableSchema {
        table: TableId { namespace: None, schema: None, name: "t".into() },
        version,
        columns,
        primary_key: Vec::new(),
        partition_keys: Vec::new(),
        options: Vec::new(),
        comment: None,
    }
}

fn column(name: usize, nodes: Vec<TypeNode>) -> Column {
    Column { name: format!("c{name}"), nodes, comment: None }
}

/// A source's shape as column numbers, a sink's likewise, and rows of all columns.
fn case() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Vec<Vec<Cell>>)> {
    let shape = || subsequence((0..2 * KINDS).collect::<Vec<_>>(), 0..2 * KINDS).prop_shuffle();
    let row = (0..2 * KINDS).map(|column| cell(column % KINDS)).collect::<Vec<_>>();
    (shape(), shape(), prop::collection::vec(row, 0..20))
}

proptest! {
    #[test]
    fn rows_are_carried_over_by_the_names_of_columns((source, sink, rows) in case()) {
        let source_schema = schema(7, source.iter().map(|name| column(*name, types(*name % KINDS).0)).collect());
        let sink_schema = schema(3, sink.iter().map(|name| column(*name, types(*name % KINDS).1)).collect());
        let mut columns = Vec::new();
        for (name, column) in source.iter().zip(&source_schema.columns) {
            let cells: Vec<Cell> = rows.iter().map(|row| row[*name].clone()).collect();
            build(&column.nodes, &cells, &mut columns);
        }
        let count = u32::try_from(rows.len()).unwrap();
        let kinds = (0..count).map(|row| u8::try_from(row % 4).unwrap()).collect();
        let batch = Batch { schema_version: 7, rows: count, kinds, committed_at: Vec::new(), columns };

        let projected = Projection::new(&source_schema, &sink_schema).unwrap().apply(batch.clone()).unwrap();
        prop_assert_eq!((projected.schema_version, projected.rows), (3, count));
        prop_assert_eq!(projected.kinds, batch.kinds);
        for (row, cells) in rows.iter().enumerate() {
            let mut rest = &projected.columns[..];
            for (name, column) in sink.iter().zip(&sink_schema.columns) {
                let expected = if source.contains(name) { cells[*name].clone() } else { Cell::Null };
                let found;
                (found, _, rest) = read(&column.nodes, rest, row);
                prop_assert_eq!(&found, &expected, "row {} column {}", row, &column.name);
            }
            prop_assert!(rest.is_empty());
        }
    }
}

fn scalar(name: &str, logical_type: LogicalType, nullable: bool) -> Column {
    let nodes = vec![TypeNode { field: None, logical_type, nullable }];
    Column { name: name.into(), nodes, comment: None }
}

#[test]
fn what_would_change_a_value_is_refused_with_the_column() {
    use LogicalType as T;
    let says = |source: Vec<Column>, sink: Vec<Column>| {
        Projection::new(&schema(1, source), &schema(1, sink)).unwrap_err().to_string()
    };
    assert_eq!(
        says(vec![scalar("n", T::Bigint, true)], vec![scalar("n", T::Int, true)]),
        "column n is BIGINT in the source and INT in the sink, which does not hold all of its values"
    );
    assert_eq!(
        says(Vec::new(), vec![scalar("n", T::Int, false)]),
        "column n is NOT NULL in the sink, and the source does not have it"
    );
    let keyed = TableSchema { primary_key: vec![0], ..schema(1, vec![scalar("id", T::Int, false)]) };
    let error = Projection::new(&keyed, &schema(1, keyed.columns.clone())).unwrap_err();
    assert_eq!(error.to_string(), "the key is (id) in the source and () in the sink");
}

#[test]
fn a_batch_of_another_version_or_width_is_no_row_of_this_table() {
    let shape = schema(2, vec![scalar("n", LogicalType::Int, true)]);
    let projection = Projection::new(&shape, &shape).unwrap();
    let batch = |schema_version, columns| Batch {
        schema_version,
        rows: 0,
        kinds: Vec::new(),
        committed_at: Vec::new(),
        columns,
    };
    assert!(projection.apply(batch(1, Vec::new())).unwrap_err().contains("version 1 came under version 2"));
    assert!(projection.apply(batch(2, Vec::new())).unwrap_err().contains("has 0 columns"));
}
