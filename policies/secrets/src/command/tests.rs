use proptest::prelude::*;

use super::*;

fn all<'t>(words: &[&'t str]) -> Vec<(&'t str, String)> {
    find(words)
        .into_iter()
        .filter(|one| !one.placeholder)
        .map(|one| (one.flag, words[one.word].get(one.range).unwrap_or("").to_owned()))
        .collect()
}

#[test]
fn flags_of_programs_are_found() {
    for (words, flag, value) in [
        (&["app", "--password=Fak3"][..], "--password", "Fak3"),
        (&["app", "--db-password", "Fak3"], "--db-password", "Fak3"),
        (&["--requirepass", "Fak3"], "--requirepass", "Fak3"),
        (&["/usr/bin/mysqldump", "-uroot", "-pFak3", "shop"], "-p", "Fak3"),
        (&["redis-cli", "-a", "Fak3", "ping"], "-a", "Fak3"),
        (&["sshpass", "-p", "Fak3", "ssh", "h"], "-p", "Fak3"),
        (&["curl", "-u", "shop:Fak3", "http://h"], "-u", "Fak3"),
        (&["curl", "-ushop:Fak3", "http://h"], "-u", "Fak3"),
        (
            &["curl", "-H", "Authorization: Bearer fake-Token", "http://h"],
            "-H",
            "fake-Token",
        ),
        (&["curl", "-H", "X-Api-Key: fake-Key", "http://h"], "-H", "fake-Key"),
        (&["sh", "-c", "PGPASSWORD=Fak3 psql -h db"], "PGPASSWORD", "Fak3"),
        (
            &["sh", "-c", "set -e\nexport PGPASSWORD='Fa$k3'\npsql"],
            "PGPASSWORD",
            "Fa$k3",
        ),
        (&["sh", "-c", "mysql -u root -p'Fak3' -e 'select 1'"], "-p", "Fak3"),
        (
            &["sh", "-c", "curl -H \"Authorization: token fake-Token\" http://h"],
            "-H",
            "fake-Token",
        ),
        (
            &["sh", "-c", "mc alias set shop http://minio:9000 fake-key Fak3"],
            "mc alias",
            "Fak3",
        ),
        (
            &["sh", "-c", "exec app --token fake-Token | tee log"],
            "--token",
            "fake-Token",
        ),
        (&["sh", "-c", "rabbitmqctl add_user shop Fak3"], "rabbitmqctl", "Fak3"),
        (
            &[
                "kubectl",
                "create",
                "secret",
                "generic",
                "x",
                "--from-literal=password=Fak3",
            ],
            "password",
            "Fak3",
        ),
        (&["sqlcmd", "-U", "sa", "-P", "Fak3"], "-P", "Fak3"),
        (
            &["sh", "-c", "echo -n q7Vx2LmZp0RtYw8Kn4Jd | base64"],
            "echo",
            "q7Vx2LmZp0RtYw8Kn4Jd",
        ),
    ] {
        assert_eq!(all(words), [(flag, value.to_owned())], "{words:?}");
    }
}

#[test]
fn what_is_no_credential_is_not() {
    for words in [
        &["app", "--password-file=/run/pw", "--token-ttl=15m"][..],
        &["app", "--password", "$(DB_PASSWORD)"],
        &["app", "--password=$(DB_PASSWORD)"],
        &["app", "--token", "--other"],
        &[
            "app",
            "--enable-token-auth",
            "--secret-name=web-tls",
            "--secret=web-tls",
        ],
        &["app", "-p", "5432"],
        &["app", "-p5432"],
        &["psql", "--password", "shop"],
        &["mysql", "-p", "shop"],
        &["mysql", "-p$MYSQL_PASSWORD"],
        &["redis-cli", "-a", "$PASSWORD", "ping"],
        &["curl", "-u", "$USER:$PASSWORD", "http://h"],
        &["curl", "-u", "shop", "http://h"],
        &["curl", "-H", "Content-Type: application/json"],
        &["curl", "-H", "Authorization: Bearer $TOKEN"],
        &["sh", "-c", "export PGPASSWORD=$(cat /run/pw); psql"],
        &["sh", "-c", "# PGPASSWORD=Fak3\npsql"],
        &["sh", "-c", "echo \"the password is kept\" | base64"],
        &["sh", "-c", "mysql -p\"${MYSQL_ROOT_PASSWORD}\""],
        &["sh", "-c", "TOKEN=`cat /token` curl http://h"],
        &[
            "--tls-private-key=/tls/key.pem",
            "--authentication-token-webhook=true",
            "--kubeconfig=admin",
        ],
        &[
            "--default-ssl-certificate=shop/web-tls",
            "--credentials",
            "config/creds",
        ],
        &[],
    ] {
        assert_eq!(all(words), [], "{words:?}");
    }
}

#[test]
fn stand_ins_are_told_apart() {
    assert_eq!(
        find(&["app", "--password=changeme"])
            .iter()
            .map(|one| one.placeholder)
            .collect::<Vec<_>>(),
        [true]
    );
}

proptest! {
    #[test]
    fn any_words(words in proptest::collection::vec("(--password|-p|-u|curl|mysql|sh|-c|=|:| |'|\"|\\$|;|a|é|-H|Authorization: ){0,8}", 0..6)) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for one in find(&words) {
            prop_assert!(words[one.word].get(one.range).is_some());
        }
    }
}
