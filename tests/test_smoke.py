def test_nothing() -> None:
    import mock_sei

    assert mock_sei.__version__
