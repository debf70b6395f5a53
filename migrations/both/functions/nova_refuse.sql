-- Revision 2.
-- SQLSTATE 22023 (invalid_parameter_value). The constraint's name is the failure code of docs/failures.md, for programs.
-- It is called in an assignment without a subquery: else the CONTEXT of the error also shows the text of the call, several lines long.
CREATE OR REPLACE FUNCTION nova_refuse(code text, problem text, field text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = code || ': ' || problem, CONSTRAINT = code, COLUMN = coalesce(field, '');
END $$;
