//! The API server that other tests run against: it starts, takes objects, and goes when it is no longer needed.

use std::net::TcpStream;

use plimsoll_tests::cluster::Cluster;

#[test]
fn an_api_server_starts_and_takes_objects() {
    let Some(cluster) = Cluster::start() else { return };
    let version: serde_json::Value =
        serde_json::from_str(&cluster.must(&["version", "-o", "json"])).expect("kubectl reads the server's version");
    assert!(
        version["serverVersion"]["gitVersion"]
            .as_str()
            .is_some_and(|version| version.starts_with("v1.")),
        "{version}"
    );

    let object = "apiVersion: v1
kind: ConfigMap
metadata: { name: quay }
data: { depth: \"12\" }
";
    assert_eq!(
        cluster.must_with(&["apply", "-f", "-"], object),
        "configmap/quay created\n"
    );
    assert_eq!(
        cluster.must(&["get", "configmap", "quay", "-o", "jsonpath={.data.depth}"]),
        "12"
    );
    let refused = cluster.kubectl_with(&["apply", "-f", "-"], &object.replace("depth: \"12\"", "depth: 12"));
    assert_eq!(refused.code, 1, "{}", refused.stdout);

    let (port, folder) = (cluster.port(), cluster.folder().to_owned());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    drop(cluster);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "it still listens");
    assert!(!folder.exists(), "its folder is still there");
}
