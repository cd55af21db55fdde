from tests.spark.session import session as session
