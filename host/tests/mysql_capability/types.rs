//! Values of every type, with their extremes, as columns.

use cdc_host::capability::mysql::Session;
use cdc_host::plugin::bindings::capabilities::mysql::{Parameter, RowBlock, ValueData};

use crate::server::{Server, strings};

async fn block(session: &Session, sql: &str) -> RowBlock {
    session.query(sql, &[]).await.unwrap();
    let block = session.fetch(1 << 20).await.unwrap().unwrap();
    assert!(session.fetch(1 << 20).await.unwrap().is_none());
    block
}

fn packed(date: (i64, i64, i64), time: (i64, i64, i64), micros: i64) -> i64 {
    let ((year, month, day), (hour, minute, second)) = (date, time);
    ((year * 13 + month) << 5 | day) << 41 | hour << 36 | minute << 30 | second << 24 | micros
}

#[tokio::test]
async fn integers_keep_width_and_sign() {
    let server = Server::shared();
    let admin = server.admin("integers").await;
    let columns = "a TINYINT, b SMALLINT, c MEDIUMINT, d INT, e BIGINT, ua TINYINT UNSIGNED, ub SMALLINT UNSIGNED, \
                   uc MEDIUMINT UNSIGNED, ud INT UNSIGNED, ue BIGINT UNSIGNED, y YEAR, z INT ZEROFILL";
    admin.execute(&format!("CREATE TABLE t (id INT PRIMARY KEY, {columns})")).await.unwrap();
    let rows = "(1, -128, -32768, -8388608, -2147483648, -9223372036854775808, 0, 0, 0, 0, 0, 0, 0), \
                (2, 127, 32767, 8388607, 2147483647, 9223372036854775807, 255, 65535, 16777215, 4294967295, \
                 18446744073709551615, 2155, 7), \
                (3, NULL, NULL, -1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
    admin.execute(&format!("INSERT INTO t VALUES {rows}")).await.unwrap();
    let block = block(&admin, "SELECT a, b, c, d, e, ua, ub, uc, ud, ue, y, z FROM t ORDER BY id").await;
    let signed = [
        [-128, 127],
        [-32768, 32767],
        [-8_388_608, 8_388_607],
        [-2_147_483_648, 2_147_483_647],
        [i64::MIN, i64::MAX],
    ];
    for (column, expected) in block.columns.iter().zip(signed) {
        let ValueData::Int64s(values) = &column.data else { panic!() };
        assert_eq!(values[..2], expected);
    }
    let ValueData::Int64s(medium) = &block.columns[2].data else { panic!() };
    assert_eq!((medium[2], &block.columns[2].validity), (-1, &None));
    let unsigned = [255, 65535, 16_777_215, 4_294_967_295, u64::MAX, 2155, 7];
    for (column, expected) in block.columns[5..].iter().zip(unsigned) {
        let ValueData::Uint64s(values) = &column.data else { panic!() };
        assert_eq!(values[..2], [0, expected]);
        assert_eq!(column.validity, Some(vec![0b011]));
    }
}

#[tokio::test]
async fn floats_keep_every_bit() {
    let server = Server::shared();
    let admin = server.admin("floats").await;
    admin.execute("CREATE TABLE t (f FLOAT, d DOUBLE, g FLOAT(7,3))").await.unwrap();
    let values = "(1.1, 1.1, 1.1), (3.402823466e38, 1.7976931348623157e308, 0), (-1.17549435e-38, -2.2250738585072014e-308, 0)";
    admin.execute(&format!("INSERT INTO t VALUES {values}")).await.unwrap();
    let block = block(&admin, "SELECT f, d, g FROM t").await;
    let ValueData::Float32s(floats) = &block.columns[0].data else { panic!() };
    assert_eq!(floats[..], [1.1, f32::MAX, -f32::MIN_POSITIVE]);
    let ValueData::Float64s(doubles) = &block.columns[1].data else { panic!() };
    assert_eq!(doubles[..], [1.1, f64::MAX, -f64::MIN_POSITIVE]);
    assert!(matches!(&block.columns[2].data, ValueData::Float32s(v) if v[0] == 1.1));
}

#[tokio::test]
async fn dates_of_every_kind_have_one_form() {
    let server = Server::shared();
    let admin = server.admin("dates").await;
    admin.execute("SET SESSION sql_mode = ''").await.unwrap();
    admin.execute("SET SESSION time_zone = '+00:00'").await.unwrap();
    admin
        .execute("CREATE TABLE t (id INT, d DATE, dt DATETIME(6), ts TIMESTAMP(3) NULL, plain DATETIME)")
        .await
        .unwrap();
    let rows = "(1, '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00'), \
                (2, '2020-00-00', '2020-02-00 01:02:03.000004', '2038-01-19 03:14:07.999', '2020-00-05'), \
                (3, '9999-12-31', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:01', '1000-01-01'), \
                (4, NULL, NULL, NULL, NULL)";
    admin.execute(&format!("INSERT INTO t VALUES {rows}")).await.unwrap();
    let block = block(&admin, "SELECT d, dt, ts, plain FROM t ORDER BY id").await;
    let column = |index: usize| match &block.columns[index].data {
        ValueData::Datetimes(values) => values[..3].to_vec(),
        other => panic!("{other:?}"),
    };
    let midnight = (0, 0, 0);
    assert_eq!(column(0), [0, packed((2020, 0, 0), midnight, 0), packed((9999, 12, 31), midnight, 0)]);
    assert_eq!(
        column(1),
        [0, packed((2020, 2, 0), (1, 2, 3), 4), packed((9999, 12, 31), (23, 59, 59), 999_999)]
    );
    assert_eq!(
        column(2),
        [0, packed((2038, 1, 19), (3, 14, 7), 999_000), packed((1970, 1, 1), (0, 0, 1), 0)]
    );
    assert_eq!(column(3), [0, packed((2020, 0, 5), midnight, 0), packed((1000, 1, 1), midnight, 0)]);
    assert!(block.columns.iter().all(|column| column.validity == Some(vec![0b0111])));
}

#[tokio::test]
async fn times_are_microseconds_both_ways() {
    let server = Server::shared();
    let admin = server.admin("times").await;
    admin.execute("CREATE TABLE t (t TIME(6))").await.unwrap();
    let rows = "('-838:59:59'), ('838:59:59'), ('-00:00:01.5'), ('00:00:00'), ('25:00:00.000001')";
    admin.execute(&format!("INSERT INTO t VALUES {rows}")).await.unwrap();
    let block = block(&admin, "SELECT t FROM t").await;
    let ValueData::Times(values) = &block.columns[0].data else { panic!() };
    let most = 3_020_399_000_000;
    assert_eq!(values[..], [-most, most, -1_500_000, 0, 90_000_000_001]);
}

#[tokio::test]
async fn everything_else_is_bytes_and_text_is_utf8() {
    let server = Server::shared();
    let admin = server.admin("bytes").await;
    let columns = "a VARCHAR(9) CHARACTER SET latin1, b DECIMAL(65,30), c JSON, d ENUM('x','é'), e SET('p','q'), \
                   f BIT(12), g VARBINARY(4), h BINARY(4), i LONGTEXT, j GEOMETRY, k CHAR(4), l VECTOR(2)";
    admin.execute(&format!("CREATE TABLE t (id INT, {columns})")).await.unwrap();
    let nines = format!("{}.{}", "9".repeat(35), "9".repeat(30));
    let row = format!(
        "(1, 'é', {nines}, '{{\"a\": 1.0}}', 'é', 'p,q', b'101010101010', x'00ff', x'0100', '🎈', POINT(1, 2), 'a  ', \
         STRING_TO_VECTOR('[1,2]')), (2, '', -0.5, 'null', 2, '', 0, '', '', '', NULL, '', NULL)"
    );
    admin.execute(&format!("INSERT INTO t VALUES {row}")).await.unwrap();
    let block = block(&admin, "SELECT a, b, c, d, e, f, g, h, i, j, k, l FROM t ORDER BY id").await;
    let value = |column: usize, row: usize| strings(&block.columns[column].data)[row].to_vec();
    assert_eq!(value(0, 0), "é".as_bytes());
    assert_eq!(value(1, 0), nines.as_bytes());
    assert_eq!(value(1, 1), b"-0.500000000000000000000000000000");
    assert_eq!(value(2, 0), br#"{"a": 1.0}"#);
    assert_eq!((value(3, 0), value(3, 1)), ("é".as_bytes().to_vec(), "é".as_bytes().to_vec()));
    assert_eq!((value(4, 0), value(4, 1)), (b"p,q".to_vec(), Vec::new()));
    assert_eq!((value(5, 0), value(5, 1)), (vec![0x0a, 0xaa], vec![0, 0]));
    assert_eq!((value(6, 0), value(7, 0)), (vec![0, 0xff], vec![1, 0, 0, 0]));
    assert_eq!(value(8, 0), "🎈".as_bytes());
    assert_eq!(value(9, 0)[..5], [0, 0, 0, 0, 1]);
    assert_eq!(value(10, 0), b"a");
    assert_eq!(value(11, 0), [0, 0, 128, 63, 0, 0, 0, 64]);
    assert_eq!(block.columns[9].validity, Some(vec![0b01]));
}

#[tokio::test]
async fn parameters_of_every_kind_arrive() {
    let server = Server::shared();
    let session = server.session("cdc").await;
    let parameters = [
        Parameter::Null,
        Parameter::Signed(i64::MIN),
        Parameter::Unsigned(u64::MAX),
        Parameter::Double(0.1),
        Parameter::Text("é'\\".to_owned()),
        Parameter::Binary(vec![0, 255, 39]),
    ];
    let sql = "SELECT CONCAT_WS('|', ? IS NULL, ?, ?, ?, ?, HEX(?))";
    session.query(sql, &parameters).await.unwrap();
    let block = session.fetch(1).await.unwrap().unwrap();
    let text = String::from_utf8(strings(&block.columns[0].data)[0].to_vec()).unwrap();
    assert_eq!(text, "1|-9223372036854775808|18446744073709551615|0.1|é'\\|00FF27");
}

#[tokio::test]
async fn columns_are_described_as_the_server_has_them() {
    let server = Server::shared();
    let admin = server.admin("described").await;
    admin
        .execute("CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, n VARCHAR(10), d DECIMAL(9,4))")
        .await
        .unwrap();
    let columns = admin.query("SELECT id AS key_, n, d, 1.5e0 x FROM t", &[]).await.unwrap();
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["key_", "n", "d", "x"]);
    let types: Vec<_> = columns.iter().map(|column| column.type_code).collect();
    assert_eq!(types, [8, 253, 246, 5]);
    assert_eq!((columns[0].flags & 33, columns[0].collation), (33, 63));
    assert_eq!(columns[1].length, 40);
    assert_ne!(columns[1].collation, 63);
    assert_eq!(columns[2].decimals, 4);
    assert!(admin.fetch(1).await.unwrap().is_none());
}
